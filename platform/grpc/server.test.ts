import { Client, credentials, Metadata, type MethodDefinition, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import { TraceFlags, trace } from "@opentelemetry/api";
import { eventually } from "../../test/support/eventually.ts";
import { activeBorrower, type Borrower } from "../db/borrower.ts";
import { ServiceTokens } from "../identity/service-tokens.ts";
import { createLogger } from "../telemetry/log.ts";
import { startTracing } from "../telemetry/start-tracing.ts";
import type { Call } from "./call.ts";
import { GrpcServer } from "./server.ts";

const KEY = Buffer.alloc(32, 1);
const TRACE_ID = "a".repeat(32);
const SAMPLED = `00-${TRACE_ID}-${"b".repeat(16)}-01`;

const serviceTokens = new ServiceTokens("auth", [KEY]);
let server: GrpcServer;
let client: Client;
/** Trace, deadline and borrower of the last call that the server has handled. */
let handledIn: { traceId: string; traceFlags: number } | undefined;
let deadline: number | undefined;
let borrower: Borrower | undefined;
/** If a test sets this function, each call waits for its promise before it is answered. */
let held: (() => Promise<void>) | undefined;
const CALLS_AT_ONCE = 3;

beforeAll(async () => {
  await startTracing({ service: "auth", ratio: 1 });
  server = new GrpcServer({
    identity: { serviceTokens } as never,
    log: createLogger("auth", "silent"),
    tls: undefined,
    traceRatio: 0,
    credentialLimit: 0,
    reauthenticationMs: 0,
    maxConcurrentCalls: 20,
    maxCallerCalls: CALLS_AT_ONCE,
    maxPeerConnections: 0,
    onDenied: () => undefined,
  });
  server.serve(KeyServiceService, undefined, {
    getJwks: async (_app, _request, call) => {
      await handle(call);
      return { keys: [] };
    },
    listRevocations: async (_app, _request, call) => {
      await handle(call);
      return { revocations: [], nextSessionId: "" };
    },
  });
  client = new Client(`127.0.0.1:${await server.listen("127.0.0.1", 0)}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await server.drain(0);
});

async function handle(call: Call): Promise<void> {
  handledIn = trace.getActiveSpan()?.spanContext();
  deadline = call.deadline;
  borrower = activeBorrower();
  await held?.();
}

type Sent = Pick<MethodDefinition<never, unknown>, "path" | "requestSerialize" | "responseDeserialize">;

function call(
  headers: Record<string, string>,
  method: Sent = KeyServiceService.getJwks,
  deadline = Number.POSITIVE_INFINITY,
): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = method;
  const metadata = Metadata.fromHttp2Headers(headers);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      {} as never,
      metadata,
      { deadline },
      (error) => (error ? reject(error) : resolve()),
    );
  });
}

test("a token is verified as a service's only if the result matters", async () => {
  const verify = jest.spyOn(serviceTokens, "verify");
  const headers = bearer(await tokenOf("billing", other));
  await call(headers);
  expect(verify).not.toHaveBeenCalled();
  await call({ traceparent: SAMPLED, ...headers });
  expect(verify).toHaveBeenCalledTimes(1);
});

const tokenOf = (name: string, key = KEY) => new ServiceTokens(name, [key]).tokenFor("auth");
const other = Buffer.alloc(32, 2);

test.each<[string, () => Promise<Record<string, string>>, number]>([
  ["an anonymous caller", async () => ({}), TraceFlags.NONE],
  ["a caller with a self-signed token", async () => bearer(await tokenOf("billing", other)), TraceFlags.NONE],
  ["a false gateway", async () => ({ "x-gateway-token": "a.b.c" }), TraceFlags.NONE],
  ["the gateway", async () => ({ "x-gateway-token": await tokenOf("gateway") }), TraceFlags.SAMPLED],
  ["another service", async () => bearer(await tokenOf("billing")), TraceFlags.SAMPLED],
])(
  "a trace continued by %s keeps its id, and the deployment's own senders decide on sampling",
  async (_who, headers, flags) => {
    await call({ traceparent: SAMPLED, ...(await headers()) });
    expect(handledIn).toMatchObject({ traceId: TRACE_ID, traceFlags: flags });
  },
);

describe("concurrent calls of one address that bypass the gateway", () => {
  /** For each running call, a function that lets the call end. */
  const running: (() => void)[] = [];
  const calls: Promise<void>[] = [];

  beforeEach(() => {
    held = () => new Promise((resolve) => running.push(resolve));
  });
  afterEach(async () => {
    held = undefined;
    for (const end of running.splice(0)) end();
    await Promise.allSettled(calls.splice(0));
  });

  /** Starts a call. @returns "RUNS" when it runs, or the code of its refusal */
  async function start(...sent: Parameters<typeof call>): Promise<"RUNS" | status> {
    const before = running.length;
    let refusal: status | undefined;
    const started = call(...sent);
    calls.push(started);
    started.catch(({ code }) => {
      refusal = code;
    });
    const outcome = () => refusal ?? (running.length > before ? "RUNS" : undefined);
    return (await eventually(outcome, (known) => known !== undefined))!;
  }

  test("are refused beyond the limit, until one has ended", async () => {
    for (let i = 0; i < CALLS_AT_ONCE; i++) expect(await start({})).toBe("RUNS");
    expect(await start({})).toBe(status.RESOURCE_EXHAUSTED);
    running.shift()!();
    await calls.shift();
    expect(await start({})).toBe("RUNS");
  });

  test("are unlimited for services, and for the gateway, which has its own limit", async () => {
    const byGateway = { "x-gateway-token": await tokenOf("gateway") };
    for (let i = 0; i <= CALLS_AT_ONCE; i++) expect(await start(byGateway)).toBe("RUNS");
    const byService = bearer(await tokenOf("billing"));
    for (let i = 0; i <= CALLS_AT_ONCE; i++) {
      expect(await start(byService, KeyServiceService.listRevocations)).toBe("RUNS");
    }
  });
});

test("a call's deadline is at most a minute away", async () => {
  await call({}, KeyServiceService.getJwks, Date.now() + 3_600_000);
  expect(deadline).toBeLessThanOrEqual(Date.now() + 60_000);
  await call({}, KeyServiceService.getJwks, Date.now() + 20_000);
  expect(deadline).toBeLessThanOrEqual(Date.now() + 20_000);
});

test("the borrower's signal is aborted if the call is cancelled, but not by its answer", async () => {
  await call({});
  expect(borrower).toMatchObject({ key: "ip:127.0.0.1", isBounded: true });
  expect(borrower!.signal!.aborted).toBe(false);
  const { promise, resolve: end } = Promise.withResolvers<void>();
  held = () => promise;
  borrower = undefined;
  await expect(call({}, KeyServiceService.getJwks, Date.now() + 300)).rejects.toMatchObject({
    code: status.DEADLINE_EXCEEDED,
  });
  await eventually(
    async () => borrower?.signal?.aborted,
    (isAborted) => isAborted === true,
  );
  held = undefined;
  end();
});

test("a calling service is an unbounded borrower", async () => {
  await call(bearer(await tokenOf("billing")), KeyServiceService.listRevocations);
  expect(borrower).toMatchObject({ key: "service:billing", isBounded: false });
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
