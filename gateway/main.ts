import { apiUrlOf } from "@medconnect/platform/config/api-url.ts";
import { loadConfig } from "@medconnect/platform/config/config.ts";
import { methods } from "@medconnect/platform/contract/methods.ts";
import { within } from "@medconnect/platform/grpc/client.ts";
import { AccessTokenVerifier } from "@medconnect/platform/identity/access-tokens.ts";
import { RevocationLists } from "@medconnect/platform/identity/revocation-lists.ts";
import { Revocations } from "@medconnect/platform/identity/revocations.ts";
import { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import { CallerLimit } from "@medconnect/platform/network/caller-limit.ts";
import { LoadLimits } from "@medconnect/platform/network/load-limit.ts";
import { PeerConnections } from "@medconnect/platform/network/peer-connections.ts";
import {
  connectRedis,
  REDIS_IN_BACKGROUND_MS,
  REDIS_IN_REQUEST_MS,
} from "@medconnect/platform/network/redis.ts";
import { runUntilSignal, startProcess } from "@medconnect/platform/service/lifecycle.ts";
import { startOpsServer } from "@medconnect/platform/service/ops-server.ts";
import { createLogger } from "@medconnect/platform/telemetry/log.ts";
import { startProcessMetrics } from "@medconnect/platform/telemetry/start-process-metrics.ts";
import { startTracing } from "@medconnect/platform/telemetry/start-tracing.ts";
import { startTls } from "@medconnect/platform/tls/start-tls.ts";
import { connectTokenIssuer } from "@medconnect/topology/token-issuer.ts";
import { createApp } from "./app.ts";
import { warmUpComposed } from "./composed/composed-methods.ts";
import { trustedProxies } from "./http/client-address.ts";
import { errorAnswers } from "./http/error-answer.ts";
import { ANONYMOUS_BODY_MS, HttpServer } from "./http/server.ts";
import { RateLimiter } from "./limits/rate-limiter.ts";
import { countRefused } from "./rpc/count-unrouted.ts";
import { routesOf } from "./rpc/routes.ts";
import { gatewaySettings } from "./settings.ts";
import { Services } from "./upstream/services.ts";

/**
 * Maximum time in ms to wait for connections to all services before the gateway reports ready. If all
 * processes start together, some services are not up yet. gRPC retries a failed connection only after a
 * pause. Until then, requests for that service would get 503.
 */
const CONNECT_MS = 5000;

startProcess("gateway", async () => {
  const config = loadConfig(gatewaySettings);
  const apiUrl = apiUrlOf(config);
  const isProduction = config.NODE_ENV === "production";
  const errorAnswerOf = errorAnswers(apiUrl, isProduction ? "" : config.TRACE_URL_TEMPLATE);
  const log = createLogger("gateway", config.LOG_LEVEL);
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  const flushTraces = await startTracing({
    service: "gateway",
    endpoint,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    delayMs: config.OTEL_BSP_SCHEDULE_DELAY,
  });
  const readMetrics = startProcessMetrics("gateway", config.BUILD_COMMIT);

  const { tls, stop: stopTls } = startTls(config, log);
  const counters = connectRedis(config.REDIS_URL, log, REDIS_IN_REQUEST_MS);
  const redis = connectRedis(config.REDIS_URL, log, REDIS_IN_BACKGROUND_MS);
  const serviceTokens = new ServiceTokens("gateway", config.INTERNAL_KEY, log);
  const services = new Services(config, serviceTokens, tls);
  const tokenIssuer = connectTokenIssuer(services.client("auth"), serviceTokens);
  const accessTokens = new AccessTokenVerifier({
    issuer: apiUrl,
    audience: config.JWT_AUDIENCE,
    maxAgeMs: config.JWKS_MAX_AGE,
    fetchJwks: tokenIssuer.fetchJwks,
  });
  const revocations = new Revocations({
    redis,
    lists: new RevocationLists(config.INTERNAL_KEY),
    fallback: tokenIssuer.fetchRevocations,
    log,
  });
  void revocations.start();

  const limits = {
    auth: config.RATE_LIMIT_AUTH,
    read: config.RATE_LIMIT_READ,
    write: config.RATE_LIMIT_WRITE,
    search: config.RATE_LIMIT_SEARCH,
    address: config.RATE_LIMIT_ADDRESS,
    open: config.RATE_LIMIT_ADDRESS,
    anonymous: config.RATE_LIMIT_ADDRESS_ANONYMOUS,
  };
  let connected = false;
  void services.connect(within(CONNECT_MS)).then(() => {
    connected = true;
    void warmUpComposed();
  });
  const ready = () => connected && revocations.hasLoaded && !http.isDraining;
  const limiter = new RateLimiter(counters, limits);
  const proxies = trustedProxies(config.TRUST_PROXY, log);
  const app = createApp({
    apiUrl,
    demo: { emails: config.DEMO_ACCOUNTS, password: config.DEMO_PASSWORD },
    securityContacts: config.SECURITY_CONTACT,
    console: config.CONSOLE === "on" ? { traceUrl: config.TRACE_URL_TEMPLATE } : undefined,
    errorAnswerOf,
    routes: routesOf(methods.values(), services),
    identity: { accessTokens, serviceTokens, revocations },
    limiter,
    callers: new CallerLimit(config.MAX_CALLER_REQUESTS),
    load: new LoadLimits(config.MAX_CONCURRENT_REQUESTS),
    callTimeoutMs: config.CALL_TIMEOUT,
    anonymousBodyMs: ANONYMOUS_BODY_MS,
    log,
    traceRatio: endpoint ? config.OTEL_TRACES_SAMPLER_ARG : 0,
    logPaths: config.LOG_PATHS,
    corsOrigins: config.CORS_ORIGINS,
    allowedHosts: config.ALLOWED_HOSTS,
    proxies,
    ready,
  });
  const http = new HttpServer({
    listener: app,
    answerMs: config.CALL_TIMEOUT,
    countRefused: countRefused(limiter),
    peers: new PeerConnections(config.MAX_CLIENT_CONNECTIONS, log, (peer) => proxies.isProxy(peer)),
    log,
    errorAnswerOf,
  });
  const port = await http.listen(config.HOST, config.PORT);
  const ops = await startOpsServer({ host: config.HOST, port: config.METRICS_PORT, readMetrics, ready });
  log.info({ port, metricsPort: ops.port }, "gateway is up");

  runUntilSignal({
    log,
    timeoutMs: config.DRAIN_TIMEOUT,
    drain: async () => {
      await http.drain(config.DRAIN_DELAY);
      revocations.stop();
      services.close();
      counters.disconnect();
      redis.disconnect();
      await Promise.all([ops.close(), flushTraces(), stopTls()]);
    },
  });
});
