import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { GrpcClient } from "@medconnect/platform/grpc/client.ts";
import { GrpcServer } from "@medconnect/platform/grpc/server.ts";
import { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import { createLogger } from "@medconnect/platform/telemetry/log.ts";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import { connectTokenIssuer } from "@medconnect/topology/token-issuer.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { listRevocations } from "./list-revocations.ts";

/** Number of revocations: more than one response holds. */
const SESSIONS = 10_200;
const KEY = Buffer.alloc(32, 1);

let auth: TestAuth;
let server: GrpcServer;
let client: GrpcClient;

beforeAll(async () => {
  auth = await startTestAuth();
  server = new GrpcServer({
    identity: { serviceTokens: new ServiceTokens("auth", [KEY]) } as never,
    log: createLogger("auth", "silent"),
    tls: undefined,
    traceRatio: 0,
    credentialLimit: 0,
    reauthenticationMs: 0,
    maxConcurrentCalls: 20,
    maxCallerCalls: 3,
    maxPeerConnections: 0,
    onDenied: () => undefined,
  });
  server.serve(KeyServiceService, auth.app, {
    getJwks: async () => ({ keys: [] }),
    listRevocations,
  });
  client = new GrpcClient(`127.0.0.1:${await server.listen("127.0.0.1", 0)}`);
});
afterAll(async () => {
  client.close();
  await server.drain(0);
  await auth.close();
});

test(`a service reads all of ${SESSIONS} revoked sessions over several responses`, async () => {
  await auth.app.db.write(
    `INSERT INTO revocations (session_id, expire_time)
     WITH RECURSIVE a (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM a WHERE n < 101)
     SELECT UUID(), ? FROM a, a AS b WHERE b.n < 100`,
    [new Date(auth.clock.now().getTime() + 60_000)],
  );
  const revoked = await connectTokenIssuer(client, new ServiceTokens("scheduling", [KEY])).fetchRevocations();
  expect(new Set(revoked.map(({ sessionId }) => sessionId)).size).toBe(SESSIONS);
  expect(revoked).toHaveLength(SESSIONS);
}, 30_000);
