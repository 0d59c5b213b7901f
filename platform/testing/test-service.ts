import { randomBytes } from "node:crypto";
import type { MethodDefinition } from "@grpc/grpc-js";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { Pages } from "../api/page-token.ts";
import { AuditRecorder } from "../audit/recorder.ts";
import { AuditedTransactions } from "../changes/audited-transactions.ts";
import { Idempotency } from "../changes/idempotency.ts";
import { IdempotentCalls } from "../changes/idempotent-calls.ts";
import { methodAt } from "../contract/methods.ts";
import { validate } from "../contract/validate.ts";
import { FieldCipher } from "../crypto/field-cipher.ts";
import { KeyedHash } from "../crypto/keyed-hash.ts";
import { withBorrower } from "../db/borrower.ts";
import { borrowerOf } from "../grpc/borrower-of.ts";
import type { Call } from "../grpc/call.ts";
import { GrpcClient } from "../grpc/client.ts";
import { idempotencyKeyOf } from "../grpc/idempotency-key.ts";
import type { Caller, Role, UserCaller } from "../identity/caller.ts";
import { ServiceTokens } from "../identity/service-tokens.ts";
import { newId } from "../ids/ids.ts";
import { connectRedis, REDIS_IN_BACKGROUND_MS } from "../network/redis.ts";
import type { EventRoutes } from "../outbox/event.ts";
import { Relay } from "../outbox/relay.ts";
import { OutboundGate } from "../restores/outbound-gate.ts";
import type { Platform } from "../service/service.ts";
import { createLogger } from "../telemetry/log.ts";
import type { BusinessClock, Clock } from "../time/clock.ts";
import { CheckedDatabase } from "./checked-database.ts";
import { createTestSchema, dropTestSchema } from "./test-schema.ts";

/**
 * Deadline of calls in tests, in ms. Longer than in production, because fifty concurrent sign-ins on a busy
 * machine take long.
 */
const DEADLINE_MS = 120_000;

/** Clock that stands still until a test sets or advances it. */
export class TestClock implements Clock {
  #nowMs: number;

  constructor(start = "2030-01-01T09:00:00Z") {
    this.#nowMs = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}

/** Business time of a test: the time of its clock, plus the advances of business time alone. */
export class TestBusinessClock implements BusinessClock {
  readonly kind = "business";
  readonly #clock: Clock;
  #aheadMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): Date {
    return new Date(this.#clock.now().getTime() + this.#aheadMs);
  }

  /** Advances business time and leaves machine time. */
  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

/** Platform of a service with a real MySQL and a new schema. Its events stay in the outbox. */
export interface TestService extends Platform {
  clock: TestClock;
  businessClock: TestBusinessClock;
  close: () => Promise<void>;
}

/**
 * Starts the platform of a service. @param name name of the service. The schema gets the tables of this
 * service
 */
export async function startTestService(name: string, routes: EventRoutes = {}): Promise<TestService> {
  const url = process.env.MYSQL_URL;
  if (!url) throw new Error("MYSQL_URL is not set; run the tests by `npm test`");
  const schema = await createTestSchema(url, name);

  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  const clock = new TestClock();
  const businessClock = new TestBusinessClock(clock);
  const log = createLogger(name, "silent");
  const schemaUrl = new URL(url);
  schemaUrl.pathname = `/${schema}`;
  const db = new CheckedDatabase({ url: schemaUrl.href, poolSize: 40, timeoutMs: 10_000 });
  const cipher = new FieldCipher(randomBytes(32));
  const hash = new KeyedHash(randomBytes(32));
  const serviceTokens = new ServiceTokens(name, [randomBytes(32)]);
  const idempotency = new Idempotency(db, cipher, hash);
  const redisUrl = new URL(process.env.REDIS_URL ?? "redis://127.0.0.1:6379");
  // Each test service has its own prefix for Redis keys. Otherwise, a test could overwrite the revocation
  // list of another process that uses the same Redis.
  redisUrl.searchParams.set("keyPrefix", `${schema}:`);
  const redis = connectRedis(redisUrl.href, log, REDIS_IN_BACKGROUND_MS);
  const nowhere = new GrpcClient("127.0.0.1:1");
  const consumers = Object.fromEntries(
    Object.values(routes)
      .flat()
      .map((consumer) => [consumer, nowhere]),
  );
  const outbound = await OutboundGate.of({ db, clock, log });
  const settings = { waitMs: 0, maxRefusals: 25 };
  const relay = new Relay({ db, clock, log, serviceTokens, consumers, hash, outbound, ...settings });
  const transactions = new AuditedTransactions({ db, clock, outbox: { relay, hash, routes } });
  const calls = new IdempotentCalls({ transactions, idempotency, clock, businessClock });
  return {
    clock,
    businessClock,
    log,
    db,
    cipher,
    hash,
    pages: new Pages(hash),
    audit: new AuditRecorder(db, clock, log),
    transactions,
    calls,
    serviceTokens,
    outbound,
    peers: consumers,
    redis,
    close: async () => {
      nowhere.close();
      redis.disconnect();
      await db.close().finally(() => dropTestSchema(url, schema));
    },
  };
}

/** Makes the caller that an access token of a user would identify. */
export const userCaller = (role: Role, userId = newId()): UserCaller => ({
  kind: "user",
  userId,
  sessionId: newId(),
  role,
  authTime: new Date(),
});

/** Binds a use case to its app, for `invoke`. */
export const bound =
  <App, Request, Response>(
    useCase: (app: App, request: Request, call: Call) => Promise<Response>,
    app: App,
  ) =>
  (request: Request, call: Call): Promise<Response> =>
    useCase(app, request, call);

/** Calls a use case as the gRPC server does after authorization: with the request in its canonical form. */
export async function invoke<Request, Response>(
  definition: MethodDefinition<Request, Response>,
  handler: (request: Request, call: Call) => Promise<Response>,
  caller: Caller,
  sent: Request,
  clientAddress = "192.0.2.1",
): Promise<{ response: Response; replayed: boolean }> {
  const method = methodAt(definition.path);
  const request = definition.requestDeserialize(validate(method.input, definition.requestSerialize(sent)));
  const call: Call = {
    method,
    definition: definition as MethodDefinition<unknown, unknown>,
    caller,
    requestId: newId(),
    clientAddress,
    userAgent: "test/1.0",
    idempotencyKey: idempotencyKeyOf(method, request),
    request,
    deadline: Date.now() + DEADLINE_MS,
    replayed: false,
  };
  const callContext = withBorrower(context.active(), borrowerOf(caller, clientAddress));
  const response = await context.with(callContext, () => handler(request, call));
  return { response, replayed: call.replayed };
}
