import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { decodeJwt } from "jose";
import { callStats, type SignedIn, signedIn, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { logout } from "./logout.ts";
import { refreshToken } from "./refresh-token.ts";
import { newRefreshToken } from "./refresh-token-secrets.ts";
import { forgetSuccessors } from "./refresh-token-store.ts";
import { deleteExpiredSessions } from "./session-store.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const refresh = async (token: string, idempotencyKey = ""): Promise<SignedIn> => {
  const request = { refreshToken: token, idempotencyKey };
  const answer = await auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), request);
  return signedIn(answer);
};

const logOut = ({ caller }: SignedIn) =>
  auth.call(AuthServiceService.logout, bound(logout, auth.app), { idempotencyKey: "" }, caller);

const count = async (table: "sessions" | "refresh_tokens") => {
  const [row] = await auth.app.db.read<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`);
  return row!.n;
};

const INVALID_REFRESH_TOKEN = { reason: "INVALID_REFRESH_TOKEN" };

test("a refresh token works once, and the next one continues the session", async () => {
  const first = await auth.logIn(await auth.makeUser());
  auth.clock.advance(MINUTE_MS);
  const second = await refresh(first.refreshToken);
  expect(decodeJwt(second.accessToken)).toMatchObject({
    sid: decodeJwt(first.accessToken).sid,
    auth_time: decodeJwt(first.accessToken).auth_time,
  });
  const third = await refresh(second.refreshToken);
  expect(third.refreshToken).not.toBe(second.refreshToken);
});

test("a second use is audited, ends the session, and revokes its access tokens", async () => {
  const user = await auth.makeUser();
  const first = await auth.logIn(user);
  const second = await refresh(first.refreshToken);
  await expect(refresh(first.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  await expect(refresh(second.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  expect(await auth.isRevoked(first)).toBe(true);
  expect((await auth.auditOf(user.id)).slice(-2)).toEqual([
    "session.refresh SUCCESS",
    "session.refresh FAILURE",
  ]);
});

test("an unknown token is refused", async () => {
  await expect(refresh(newRefreshToken())).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
});

test("one of many concurrent uses succeeds, and the session ends", async () => {
  for (let round = 0; round < 5; round++) {
    const session = await auth.logIn(await auth.makeUser());
    const uses = Array.from({ length: 20 }, () => refresh(session.refreshToken));
    expect(await callStats(uses)).toEqual({ ok: 1, INVALID_REFRESH_TOKEN: 19 });
    expect(await auth.isRevoked(session)).toBe(true);
  }
});

test("a repeated call with the same key gets the same successor for ten seconds", async () => {
  const session = await auth.logIn(await auth.makeUser());
  const uses = await Promise.all(Array.from({ length: 10 }, () => refresh(session.refreshToken, "my-key")));
  auth.clock.advance(9 * SECOND_MS);
  const late = await refresh(session.refreshToken, "my-key");
  expect(new Set([...uses, late].map((use) => use.refreshToken)).size).toBe(1);
  await refresh(late.refreshToken, "next-key");
});

test.each([
  ["after ten seconds", 10 * SECOND_MS, "my-key"],
  ["with another key", 0, "another-key"],
  ["without a key", 0, ""],
])("the same call %s is a second use", async (_, waitMs, key) => {
  const session = await auth.logIn(await auth.makeUser());
  await refresh(session.refreshToken, "my-key");
  auth.clock.advance(waitMs);
  await expect(refresh(session.refreshToken, key)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  expect(await auth.isRevoked(session)).toBe(true);
});

test("the successor is stored encrypted, and deleted after ten seconds", async () => {
  const session = await auth.logIn(await auth.makeUser());
  const { refreshToken: next } = await refresh(session.refreshToken, "my-key");
  const kept = () =>
    auth.app.db.read<{ successor: Buffer }>(
      "SELECT successor FROM refresh_tokens WHERE successor IS NOT NULL",
    );
  expect((await kept()).length).toBeGreaterThan(0);
  for (const { successor } of await kept()) expect(successor.includes(next)).toBe(false);
  auth.clock.advance(10 * SECOND_MS);
  await forgetSuccessors(auth.app.db, auth.clock.now());
  expect(await kept()).toEqual([]);
});

test("a session ends after half an hour without use, or twelve hours", async () => {
  const resting = await auth.logIn(await auth.makeUser());
  let active = await auth.logIn(await auth.makeUser());
  for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
    auth.clock.advance(20 * MINUTE_MS);
    active = await refresh(active.refreshToken);
  }
  await expect(refresh(resting.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  auth.clock.advance(20 * MINUTE_MS);
  await expect(refresh(active.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
});

test("no access token outlives its session", async () => {
  let session = await auth.logIn(await auth.makeUser());
  for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
    auth.clock.advance(20 * MINUTE_MS);
    session = await refresh(session.refreshToken);
  }
  auth.clock.advance(18 * MINUTE_MS);
  const { exp, iat } = decodeJwt((await refresh(session.refreshToken)).accessToken);
  expect(exp! - iat!).toBe(120);
});

test("a logout ends the caller's session only", async () => {
  const user = await auth.makeUser();
  const [here, there] = [await auth.logIn(user), await auth.logIn(user)];
  await logOut(here);
  await logOut(here);
  await expect(refresh(here.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  await refresh(there.refreshToken);
  expect(await auth.isRevoked(here)).toBe(true);
  expect(await auth.isRevoked(there)).toBe(false);
});

test("only expired sessions are deleted", async () => {
  await logOut(await auth.logIn(await auth.makeUser()));
  auth.clock.advance(11 * 60 * MINUTE_MS);
  const live = await auth.logIn(await auth.makeUser());
  auth.clock.advance(61 * MINUTE_MS);
  await deleteExpiredSessions(auth.app.db, auth.clock.now());
  expect(await count("sessions")).toBe(1);
  expect(await count("refresh_tokens")).toBe(1);
  await expect(refresh(live.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
});
