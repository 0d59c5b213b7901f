import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { RevocationLists } from "@medconnect/platform/identity/revocation-lists.ts";
import { REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { logout } from "../sessions/logout.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { publishRevocations } from "./publish-revocations.ts";

const MINUTE_MS = 60_000;

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

test("live revocations are published to Redis with the time of the list, until they expire", async () => {
  const { redis, revocationsJob } = auth.app;
  // Stops the service's own job, which would publish lists under another key. `lists` could not read those
  // lists.
  await revocationsJob.stop();
  const lists = new RevocationLists([randomBytes(32)]);
  const session = await auth.logIn(await auth.makeUser());
  const published = async () => {
    await publishRevocations(auth.app, lists)();
    const { time, revocations } = lists.read((await redis.get(REVOCATIONS_KEY))!);
    expect(time).toEqual(auth.clock.now());
    return revocations.find(({ sessionId }) => sessionId === session.caller.sessionId)?.expireTime;
  };
  const request = { idempotencyKey: "" };
  await auth.call(AuthServiceService.logout, bound(logout, auth.app), request, session.caller);
  // Expected expiry: the lifetime of access tokens, and a minute for clock skew.
  expect(await published()).toEqual(new Date(auth.clock.now().getTime() + 6 * MINUTE_MS));
  expect(await redis.ttl(REVOCATIONS_KEY)).toBeGreaterThan(0);
  auth.clock.advance(6 * MINUTE_MS);
  expect(await published()).toBeUndefined();
  expect(await auth.isRevoked(session)).toBe(false);
});
