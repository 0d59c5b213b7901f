import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { methods } from "@medconnect/platform/contract/methods.ts";
import { AccessTokenVerifier } from "@medconnect/platform/identity/access-tokens.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import { RevocationLists } from "@medconnect/platform/identity/revocation-lists.ts";
import { Revocations } from "@medconnect/platform/identity/revocations.ts";
import { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { CallerLimit } from "@medconnect/platform/network/caller-limit.ts";
import { LoadLimits } from "@medconnect/platform/network/load-limit.ts";
import { PeerConnections } from "@medconnect/platform/network/peer-connections.ts";
import { connectRedis, REDIS_IN_REQUEST_MS } from "@medconnect/platform/network/redis.ts";
import { startTracing } from "@medconnect/platform/telemetry/start-tracing.ts";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import pino from "pino";
import { type AppOptions, createApp } from "../app.ts";
import { trustedProxies } from "../http/client-address.ts";
import { errorAnswers } from "../http/error-answer.ts";
import { ANONYMOUS_BODY_MS, HttpServer, LIMITS } from "../http/server.ts";
import { RateLimiter, type RateLimits } from "../limits/rate-limiter.ts";
import { countRefused } from "../rpc/count-unrouted.ts";
import { routesOf } from "../rpc/routes.ts";
import { Services } from "../upstream/services.ts";
import { StubServices } from "./stub-services.ts";

const ISSUER = "https://issuer.test";
const AUDIENCE = "medconnect-test";
/** URL of the API in documents and errors. */
export const API_URL = "https://api.example.org";
/** URL of traces for the console. */
export const TRACE_URL = "https://traces.example.org/?id={traceId}&a=1";
/** Demo accounts that the documentation offers. */
export const DEMO = { emails: ["patient@example.org"], password: 'not "secret"' };
/** Key that signs the gateway's service tokens. */
export const INTERNAL_KEY = Buffer.alloc(32);
const UNLIMITED: RateLimits = { auth: 0, read: 0, write: 0, search: 0, address: 0, open: 0, anonymous: 0 };

export interface TestGatewayOptions
  extends Partial<
    Pick<
      AppOptions,
      | "demo"
      | "securityContacts"
      | "console"
      | "routes"
      | "logPaths"
      | "corsOrigins"
      | "allowedHosts"
      | "callTimeoutMs"
      | "anonymousBodyMs"
    >
  > {
  limits?: Partial<RateLimits>;
  /** Maximum number of concurrent requests of each client; default: unlimited. */
  callerRequests?: number;
  /** Maximum number of concurrent requests to each service. */
  requests?: number;
  httpLimits?: Partial<typeof LIMITS>;
  /** Maximum number of open connections from each address; default: unlimited. */
  connections?: number;
  trustProxy?: number | string[];
  /** URL of Redis; default: an address at which nothing listens, so that Redis is unavailable. */
  redisUrl?: string;
}

export interface Sent {
  headers?: Record<string, string | string[]>;
  /** Sent as JSON, except parameters, sent as a form, and strings and buffers, sent as they are. */
  body?: unknown;
}

export interface Received {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Parsed body; empty if it is not JSON. */
  json: Record<string, unknown>;
}

/**
 * Starts a gateway on a free port in front of stub services. Tokens, revocations, limits, gRPC and HTTP are
 * real.
 */
export async function startTestGateway(options: TestGatewayOptions = {}) {
  const {
    limits,
    callerRequests = 0,
    requests = 200,
    httpLimits,
    connections = 0,
    trustProxy = [],
    redisUrl = "redis://127.0.0.1:1",
    ...settings
  } = options;
  const logLines: Record<string, unknown>[] = [];
  const log = pino({ level: "info" }, { write: (line) => logLines.push(JSON.parse(line)) });
  const endTracing = await startTracing({ service: "gateway", ratio: 1 });
  const stubs = new StubServices();
  const address = await stubs.listen();
  const serviceTokens = new ServiceTokens("gateway", [INTERNAL_KEY]);
  const services = new Services(
    {
      AUTH_ADDRESS: address,
      SCHEDULING_ADDRESS: address,
      CLINICAL_ADDRESS: address,
      BILLING_ADDRESS: address,
    },
    serviceTokens,
  );
  const keys = await generateKeyPair("EdDSA");
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "EdDSA", use: "sig" };
  const revoked: string[] = [];
  const redis = connectRedis(redisUrl, pino({ level: "silent" }), REDIS_IN_REQUEST_MS);
  const expireTime = new Date(Date.now() + 3_600_000);
  const revocations = new Revocations({
    redis,
    lists: new RevocationLists([INTERNAL_KEY]),
    fallback: async () => revoked.map((sessionId) => ({ sessionId, expireTime })),
    log,
  });
  revocations.start();
  // The default is production's timeout, because on a busy machine the compilation at the first call takes
  // seconds.
  const { callTimeoutMs = 10_000 } = options;
  const limiter = new RateLimiter(redis, { ...UNLIMITED, ...limits });
  const callers = new CallerLimit(callerRequests);
  const proxies = trustedProxies(trustProxy, log);
  const errorAnswerOf = errorAnswers(API_URL);
  const http = new HttpServer({
    listener: createApp({
      apiUrl: API_URL,
      demo: DEMO,
      securityContacts: ["mailto:security@example.org"],
      console: { traceUrl: TRACE_URL },
      errorAnswerOf,
      routes: routesOf(methods.values(), services),
      identity: {
        accessTokens: new AccessTokenVerifier({
          issuer: ISSUER,
          audience: AUDIENCE,
          maxAgeMs: 300_000,
          fetchJwks: async () => ({ keys: [jwk] }),
        }),
        serviceTokens,
        revocations,
      },
      limiter,
      callers,
      load: new LoadLimits(requests),
      callTimeoutMs,
      anonymousBodyMs: ANONYMOUS_BODY_MS,
      log,
      traceRatio: 0,
      logPaths: false,
      corsOrigins: [],
      allowedHosts: [],
      proxies,
      ready: () => revocations.hasLoaded && !http.isDraining,
      ...settings,
    }),
    answerMs: callTimeoutMs,
    countRefused: countRefused(limiter),
    peers: new PeerConnections(connections, log, (peer) => proxies.isProxy(peer)),
    log,
    errorAnswerOf,
    limits: { ...LIMITS, ...httpLimits },
  });
  const port = await http.listen("127.0.0.1", 0);
  while (!revocations.hasLoaded) await new Promise((resolve) => setTimeout(resolve, 5));

  return {
    port,
    http,
    callers,
    stubs,
    revoked,
    logLines,

    /** Makes an Authorization header for a new session of a user. */
    signedIn: async (
      role: Role = "PATIENT",
      { userId = newId(), sessionId = newId(), expiresIn = "5m" } = {},
    ) => {
      const token = await new SignJWT({ sid: sessionId, jti: newId(), role, auth_time: 1 })
        .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: "k1" })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime(expiresIn)
        .sign(keys.privateKey);
      return { authorization: `Bearer ${token}` };
    },

    /** Sends a request. Unlike fetch, does not normalize its path. */
    send: async (method: string, path: string, { headers = {}, body }: Sent = {}): Promise<Received> => {
      const isRaw = typeof body === "string" || Buffer.isBuffer(body);
      const isForm = body instanceof URLSearchParams;
      const content = isRaw || body === undefined ? body : isForm ? String(body) : JSON.stringify(body);
      const mediaType = isForm ? "application/x-www-form-urlencoded" : "application/json";
      const type = content === undefined ? {} : { "content-type": mediaType };
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = httpRequest({ port, method, path, headers: { ...type, ...headers } }, resolve);
        request.on("error", reject).end(content);
      });
      const received = await text(response);
      const isJson = /[/+]json/.test(response.headers["content-type"] ?? "") && received !== "";
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: received,
        json: isJson ? JSON.parse(received) : {},
      };
    },

    close: async () => {
      await http.drain(0);
      revocations.stop();
      redis.disconnect();
      services.close();
      stubs.close();
      await endTracing();
    },
  };
}

export type TestGateway = Awaited<ReturnType<typeof startTestGateway>>;
