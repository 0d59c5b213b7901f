import { AuditServiceService } from "@medconnect/proto/medconnect/audit/v1/audit.ts";
import { EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { OutboxServiceService } from "@medconnect/proto/medconnect/operations/v1/outbox_service.ts";
import { StatsServiceService } from "@medconnect/proto/medconnect/operations/v1/stats_service.ts";
import type { Redis } from "ioredis";
import { Pages } from "../api/page-token.ts";
import { AuditChain } from "../audit/audit-chain.ts";
import { leaveCheckpoints, recordCheckpoint } from "../audit/checkpoints.ts";
import { listAccesses } from "../audit/list-accesses.ts";
import { listAuditEvents } from "../audit/list-audit-events.ts";
import { AuditRecorder } from "../audit/recorder.ts";
import { Sealer } from "../audit/sealer.ts";
import { AuditedTransactions } from "../changes/audited-transactions.ts";
import { Idempotency } from "../changes/idempotency.ts";
import { IdempotentCalls } from "../changes/idempotent-calls.ts";
import { apiUrlOf } from "../config/api-url.ts";
import type { ServiceConfig } from "../config/config.ts";
import { addReflection } from "../contract/reflection.ts";
import { FieldCipher } from "../crypto/field-cipher.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import { openKeyedHash } from "../crypto/open-keyed-hash.ts";
import { Database } from "../db/database.ts";
import { untilReachable } from "../db/until-reachable.ts";
import { listDeadEvents } from "../dead-events/list-dead-events.ts";
import { replayDeadEvent } from "../dead-events/replay-dead-event.ts";
import type { GrpcClient } from "../grpc/client.ts";
import { Health } from "../grpc/health.ts";
import { GrpcServer } from "../grpc/server.ts";
import { TZ_VERSION } from "../i18n/time-zones/time-zone-table.ts";
import { AccessTokenVerifier } from "../identity/access-tokens.ts";
import { RevocationLists } from "../identity/revocation-lists.ts";
import { Revocations } from "../identity/revocations.ts";
import { ServiceTokens } from "../identity/service-tokens.ts";
import { type Consumers, deliverEvents, Inbox } from "../inbox/inbox.ts";
import { Job, repeat } from "../jobs/jobs.ts";
import { connectRedis, REDIS_IN_BACKGROUND_MS } from "../network/redis.ts";
import type { EventRoutes } from "../outbox/event.ts";
import { Relay } from "../outbox/relay.ts";
import { OutboundGate } from "../restores/outbound-gate.ts";
import { foldAdditions } from "../stats/daily-totals-store.ts";
import { getDailyStats } from "../stats/get-daily-stats.ts";
import { createLogger, type Logger } from "../telemetry/log.ts";
import { takeSamples } from "../telemetry/samples.ts";
import { startProcessMetrics } from "../telemetry/start-process-metrics.ts";
import { startTracing } from "../telemetry/start-tracing.ts";
import { type Clocks, systemClock } from "../time/clock.ts";
import { openBusinessClock } from "../time/sandbox-clock.ts";
import type { MutualTls } from "../tls/mutual-tls.ts";
import { startTls } from "../tls/start-tls.ts";
import { runUntilSignal } from "./lifecycle.ts";
import { startOpsServer } from "./ops-server.ts";
import { sandboxActions } from "./sandbox-actions.ts";
import type { TokenIssuer, Topology } from "./topology.ts";

const SWEEP_KEYS_MS = 60_000;
const FOLD_FIGURES_MS = 10_000;
const CHECK_RESTORE_MS = 1000;

/** Objects that the platform provides to the features of a service. */
export interface Platform extends Clocks {
  readonly db: Database;
  readonly redis: Redis;
  readonly log: Logger;
  readonly cipher: FieldCipher;
  readonly hash: KeyedHash;
  readonly pages: Pages;
  readonly audit: AuditRecorder;
  readonly transactions: AuditedTransactions;
  readonly calls: IdempotentCalls;
  readonly serviceTokens: ServiceTokens;
  /** Closed while a restore is unconfirmed; then the service sends nothing outside. */
  readonly outbound: OutboundGate;
  /** Clients of the services that consume events of this service, by the name of the service. */
  readonly peers: Readonly<Record<string, GrpcClient>>;
}

/** Objects that a service adds to the platform. */
export interface ServiceParts {
  /** Registers the gRPC services at the server. */
  serve: (server: GrpcServer) => void;
  /** Handlers of the events that other services send to this one, by event type. */
  consumes: Consumers;
  jobs: Job[];
  /**
   * Set only in auth, the service that issues tokens. Auth reads its own database instead of calling itself.
   */
  tokenIssuer?: TokenIssuer;
}

export interface ServiceDefinition {
  name: string;
  config: ServiceConfig;
  topology: Topology;
  /** Names of the services that consume the events of this service, by the type of event. */
  routes: EventRoutes;
  build: (platform: Platform) => ServiceParts | Promise<ServiceParts>;
}

/** Starts a service. It serves until SIGTERM or SIGINT, then drains. */
export async function runService({
  name,
  config,
  topology,
  routes,
  build,
}: ServiceDefinition): Promise<void> {
  const apiUrl = apiUrlOf(config);
  const log = createLogger(name, config.LOG_LEVEL);
  const readMetrics = startProcessMetrics(name, config.BUILD_COMMIT);
  const stopTracing = await startTracing({
    service: name,
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    delayMs: config.OTEL_BSP_SCHEDULE_DELAY,
  });

  const { tls, stop: stopTls } = startTls(config, log);
  const clock = systemClock;
  const businessClock = openBusinessClock(config.SANDBOX_CLOCK);
  const clocks = { clock, businessClock };
  // Opened before the database, so that Redis is connected when the revocations are first read.
  const redis = connectRedis(config.REDIS_URL, log, REDIS_IN_BACKGROUND_MS);
  const db = new Database({
    url: config.DATABASE_URL,
    poolSize: config.DATABASE_POOL_SIZE,
    timeoutMs: config.DATABASE_TIMEOUT,
  });
  const cipher = new FieldCipher(...config.DATA_KEY);
  const hash = await untilReachable(() => openKeyedHash(db, cipher), log);
  const outbound = await OutboundGate.of({ db, clock, log });
  const pages = new Pages(hash);
  const audit = new AuditRecorder(db, clock, log);
  const serviceTokens = new ServiceTokens(name, config.INTERNAL_KEY, log);
  const peers = connectPeers(name, topology, routes, tls);
  const relay = new Relay({
    db,
    clock,
    log,
    serviceTokens,
    consumers: peers,
    hash,
    outbound,
    waitMs: config.EVENT_WAIT,
    maxRefusals: config.OUTBOX_MAX_REFUSALS,
  });
  const idempotency = new Idempotency(db, cipher, hash);
  const transactions = new AuditedTransactions({ db, clock, outbox: { relay, hash, routes } });
  const calls = new IdempotentCalls({ transactions, idempotency, ...clocks });

  const platform: Platform = {
    db,
    redis,
    ...clocks,
    log,
    cipher,
    hash,
    pages,
    audit,
    transactions,
    calls,
    serviceTokens,
    outbound,
    peers,
  };
  const parts = await build(platform);

  const tokenIssuer = parts.tokenIssuer ?? topology.connectTokenIssuer(tls, serviceTokens);
  const revocations = new Revocations({
    redis,
    lists: new RevocationLists(config.INTERNAL_KEY),
    fallback: tokenIssuer.fetchRevocations,
    log,
  });
  const accessTokens = new AccessTokenVerifier({
    issuer: apiUrl,
    audience: config.JWT_AUDIENCE,
    maxAgeMs: config.JWKS_MAX_AGE,
    fetchJwks: tokenIssuer.fetchJwks,
  });
  const grpc = new GrpcServer({
    identity: { accessTokens, serviceTokens, revocations },
    log,
    tls,
    maxConcurrentCalls: config.MAX_CONCURRENT_CALLS,
    maxCallerCalls: config.MAX_CALLER_REQUESTS,
    maxPeerConnections: config.MAX_PEER_CONNECTIONS,
    traceRatio: config.OTEL_EXPORTER_OTLP_ENDPOINT ? config.OTEL_TRACES_SAMPLER_ARG : 0,
    credentialLimit: config.RATE_LIMIT_AUTH,
    reauthenticationMs: config.REAUTHENTICATION_AGE,
    onDenied: (call, hidden) => audit.denied(call, hidden),
  });
  parts.serve(grpc);
  grpc.serve(EventServiceService, new Inbox(transactions, parts.consumes, clocks, log), { deliverEvents });
  const own = { service: name, ...platform };
  grpc.serve(OutboxServiceService, own, { listDeadEvents, replayDeadEvent });
  grpc.serve(StatsServiceService, own, { getDailyStats });
  const auditApp = {
    ...own,
    witnessOf: topology.witnessOf,
    everyMs: config.AUDIT_CHECKPOINT_EVERY,
  };
  grpc.serve(AuditServiceService, auditApp, {
    listAuditEvents,
    exportAuditEvents: listAuditEvents,
    listAccesses,
    recordCheckpoint,
  });
  const health = new Health(grpc.services);
  health.addTo(grpc.server);
  if (config.GRPC_REFLECTION) addReflection(grpc.server);

  const sealer = new Sealer({ db, clock, chain: new AuditChain(name, config.AUDIT_KEY) });
  const witnessName = topology.witnessOf(name);
  const witness = { name: witnessName, client: topology.connect(witnessName, tls) };
  const leaveCheckpoint = leaveCheckpoints(db, witness, serviceTokens, clock);

  const samples = new Job("sample metrics", config.METRICS_SAMPLE_EVERY, takeSamples(clock), log);
  const jobs = [
    ...parts.jobs,
    new Job("sweep idempotency keys", SWEEP_KEYS_MS, (signal) => idempotency.sweep(clock.now(), signal), log),
    new Job("await the confirmation of a restore", CHECK_RESTORE_MS, () => outbound.check(), log),
    new Job("fold figures", FOLD_FIGURES_MS, (signal) => repeat(() => foldAdditions(db), signal), log),
    samples,
    new Job("seal the audit trail", config.AUDIT_SEAL_EVERY, () => sealer.seal(), log),
    new Job("leave an audit checkpoint", config.AUDIT_CHECKPOINT_EVERY, leaveCheckpoint, log),
  ];
  let serving = false;
  const firstRevocations = revocations.start();
  relay.start();
  for (const job of jobs) job.start();
  samples.kick();
  const port = await grpc.listen(config.HOST, config.PORT);
  const ops = await startOpsServer({
    host: config.HOST,
    port: config.METRICS_PORT,
    readMetrics,
    ready: () => serving && revocations.hasLoaded,
    impairment: () => (db.areWritesFailing ? "writes to MySQL fail" : undefined),
    actions: sandboxActions(businessClock, parts.jobs),
  });
  serving = true;
  log.info({ port, metricsPort: ops.port, tzVersion: TZ_VERSION }, "serving");
  void firstRevocations.then(() => grpc.warmUp());

  runUntilSignal({
    log,
    timeoutMs: config.DRAIN_TIMEOUT + 2000,
    drain: async () => {
      serving = false;
      health.stop();
      await grpc.drain(config.DRAIN_TIMEOUT);
      await Promise.all([relay.stop(), ...jobs.map((job) => job.stop())]);
      revocations.stop();
      redis.disconnect();
      for (const client of [tokenIssuer, witness.client, ...Object.values(peers)]) client.close();
      await Promise.all([db.close(), stopTls()]);
      await stopTracing();
      await ops.close();
    },
  });
}

/** Makes a client for each service that consumes events of this service. */
function connectPeers(
  self: string,
  topology: Topology,
  routes: EventRoutes,
  tls: MutualTls | undefined,
): Record<string, GrpcClient> {
  const consumers = new Set(Object.values(routes).flat());
  consumers.delete(self);
  return Object.fromEntries([...consumers].map((name) => [name, topology.connect(name, tls)]));
}
