import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import { TraceFlags, trace } from "@opentelemetry/api";
import { ServiceTokens } from "../identity/service-tokens.ts";
import { createLogger } from "../log.ts";
import { startTracing } from "../telemetry/start-tracing.ts";
import { GrpcServer } from "./server.ts";

const KEY = Buffer.alloc(32, 1);
const TRACE_ID = "a".repeat(32);
const SAMPLED = `00-${TRACE_ID}-${"b".repeat(16)}-01`;

const serviceTokens = new ServiceTokens("auth", [KEY]);
let server: GrpcServer;
let client: Client;
/** The trace that the last call was handled in. */
let handledIn: { traceId: string; traceFlags: number } | undefined;

beforeAll(async () => {
  await startTracing({ service: "auth", ratio: 1 });
  server = new GrpcServer({
    identity: { serviceTokens } as never,
    log: createLogger("auth", "silent"),
    tls: undefined,
    traceRatio: 0,
    credentialLimit: 0,
    reauthenticationMs: 0,
    maxConcurrentCalls: 10,
    maxPeerConnections: 0,
    onDenied: () => undefined,
  });
  server.serve(KeyServiceService, {
    getJwks: async () => {
      handledIn = trace.getActiveSpan()?.spanContext();
      return { keys: [] };
    },
    listRevocations: async () => ({ revocations: [] }),
  });
  client = new Client(`127.0.0.1:${await server.listen("127.0.0.1", 0)}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await server.drain(0);
});

function call(headers: Record<string, string>): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = KeyServiceService.getJwks;
  const metadata = Metadata.fromHttp2Headers(headers);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, metadata, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

test("a token is looked at as a service's only where it decides something", async () => {
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
  ["nobody", async () => ({}), TraceFlags.NONE],
  [
    "somebody who signs tokens of their own",
    async () => bearer(await tokenOf("billing", other)),
    TraceFlags.NONE,
  ],
  ["who says to be the gateway", async () => ({ "x-gateway-token": "a.b.c" }), TraceFlags.NONE],
  ["the gateway", async () => ({ "x-gateway-token": await tokenOf("gateway") }), TraceFlags.SAMPLED],
  ["another service", async () => bearer(await tokenOf("billing")), TraceFlags.SAMPLED],
])(
  "a trace that %s goes on with keeps its id, and is recorded at the word of the deployment's own",
  async (_who, headers, flags) => {
    await call({ traceparent: SAMPLED, ...(await headers()) });
    expect(handledIn).toMatchObject({ traceId: TRACE_ID, traceFlags: flags });
  },
);

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
