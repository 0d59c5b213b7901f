import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { INTERNAL_KEY, startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.stubs.stubs.clear();
  gateway.stubs.calls.length = 0;
});

test("services get token, request id, address and user agent, and no other header of the client", async () => {
  const headers = {
    ...(await gateway.signedIn()),
    "x-request-id": "my-id",
    "x-user-id": "admin",
    "x-gateway-token": "made.up.token",
    "x-forwarded-for": "6.6.6.6",
    "user-agent": "Browser/1 \u00e9",
    "x-forwarded-user-agent": "made up",
    cookie: "a=b",
    traceparent: "00-11111111111111111111111111111111-2222222222222222-01",
  };
  await gateway.send("GET", "/v1/users/me", { headers });
  const { metadata } = gateway.stubs.calls[0]!;
  expect(metadata).toMatchObject({
    authorization: headers.authorization,
    "x-request-id": "my-id",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-user-agent": "Browser/1",
  });
  const auth = new ServiceTokens("auth", [INTERNAL_KEY]);
  const proof = String(metadata["x-gateway-token"]);
  expect(await auth.verify(proof)).toEqual({ kind: "service", name: "gateway" });
  expect(metadata.traceparent).toMatch(/^00-1{32}-(?!2{16})[0-9a-f]{16}-00$/);
  expect(Object.keys(metadata)).not.toEqual(expect.arrayContaining(["x-user-id", "cookie"]));
});

test("a public method ignores valid and invalid tokens", async () => {
  const headers = { authorization: "Bearer not-a-token" };
  expect((await gateway.send("POST", "/v1/auth/login", { headers, body: {} })).status).toBe(200);
  expect(gateway.stubs.calls[0]?.metadata).not.toHaveProperty("authorization");
});

test("an optional token is verified and forwarded", async () => {
  const path = `/v1/doctors/${ID}`;
  expect((await gateway.send("GET", path)).status).toBe(200);
  expect((await gateway.send("GET", path, { headers: { authorization: "Bearer x" } })).status).toBe(401);
  expect((await gateway.send("GET", path, { headers: await gateway.signedIn() })).status).toBe(200);
  expect(gateway.stubs.calls.map(({ metadata }) => "authorization" in metadata)).toEqual([false, true]);
});

test("a client that leaves cancels its call", async () => {
  const called = Promise.withResolvers<() => boolean>();
  const answered = Promise.withResolvers<JsonObject>();
  gateway.stubs.stubs.set("GetMe", async ({ cancelled }) => {
    called.resolve(cancelled);
    return await answered.promise;
  });
  const abort = new AbortController();
  const headers = await gateway.signedIn();
  const call = fetch(`http://127.0.0.1:${gateway.port}/v1/users/me`, { headers, signal: abort.signal });
  const isCancelled = await called.promise;
  abort.abort();
  await expect(call).rejects.toThrow();
  await eventually(isCancelled, (yes) => yes);
  answered.resolve({});
  const line = await eventually(
    () => gateway.logLines.at(-1),
    (last) => last?.status === 499,
  );
  expect(line).toMatchObject({ route: "/v1/users/me" });
});
