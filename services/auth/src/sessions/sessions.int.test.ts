import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { RevocationLists } from "@medconnect/platform/identity/revocation-lists.ts";
import { REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { asAnother } from "@medconnect/platform/testing/interleaving.ts";
import { bound, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { hash as argon2 } from "@node-rs/argon2";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { passwordProof } from "../accounts/account-proofs.ts";
import { deleteExpiredRegistrations } from "../accounts/registration-store.ts";
import { disableUser } from "../admin/change-status.ts";
import { SigningKeys } from "../keys/signing-keys.ts";
import { deleteExpiredLinkTokens } from "../links/link-token-store.ts";
import { deleteExpiredCounters } from "../lockouts/lockout-store.ts";
import { deleteExpiredMails } from "../mail/mail-store.ts";
import { deleteExpiredChallenges } from "../mfa/mfa-store.ts";
import {
  callStats,
  PASSWORD,
  type SignedIn,
  signedIn,
  startTestAuth,
  type TestAuth,
} from "../testing/test-auth.ts";
import { listRevocations } from "./list-revocations.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { publishRevocations } from "./publish-revocations.ts";
import { refreshToken } from "./refresh-token.ts";
import { deleteExpiredRevocations } from "./revocation-store.ts";
import { deleteExpiredSessions, forgetSuccessors } from "./session-store.ts";
import { sweepExpired } from "./sweep.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const logIn = (email: string, password: string) =>
  auth.call(AuthServiceService.login, bound(login, auth.app), { email, password, rememberMe: false });

const refresh = async (token: string, idempotencyKey = ""): Promise<SignedIn> => {
  const request = { refreshToken: token, idempotencyKey };
  const answer = await auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), request);
  return signedIn(answer.accessToken!, answer.refreshToken!);
};

const logOut = ({ caller }: SignedIn) =>
  auth.call(AuthServiceService.logout, bound(logout, auth.app), { idempotencyKey: "" }, caller);

const disable = (userId: string) =>
  auth.call(
    UserServiceService.disableUser,
    bound(disableUser, auth.app),
    { userId, idempotencyKey: "" },
    userCaller("ADMIN"),
  );

const isRevoked = async ({ caller }: SignedIn) => {
  const service = { kind: "service", name: "gateway" } as const;
  const answer = await auth.call(
    KeyServiceService.listRevocations,
    bound(listRevocations, auth.app),
    { afterSessionId: "" },
    service,
  );
  return answer.revocations.some((r) => "sessionId" in caller && r.sessionId === caller.sessionId);
};

const count = async (table: "sessions" | "refresh_tokens" | "revocations") => {
  const [row] = await auth.app.db.read<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`);
  return row!.n;
};

const INVALID_CREDENTIALS = { reason: "INVALID_CREDENTIALS" };
const INVALID_REFRESH_TOKEN = { reason: "INVALID_REFRESH_TOKEN" };

test("a login answers an access token of five minutes in the form of RFC 9068", async () => {
  const user = await auth.makeUser("DOCTOR");
  const answer = await logIn(user.email.toUpperCase(), PASSWORD);
  expect(answer).toMatchObject({ mfaRequired: false, tokenType: "Bearer", expiresInSeconds: 300 });
  expect(decodeProtectedHeader(answer.accessToken!)).toMatchObject({ typ: "at+jwt", alg: "EdDSA" });
  const nowS = auth.clock.now().getTime() / 1000;
  expect(decodeJwt(answer.accessToken!)).toMatchObject({
    iss: auth.app.issuer,
    aud: auth.app.audience,
    sub: user.id,
    role: "DOCTOR",
    iat: nowS,
    auth_time: nowS,
    exp: nowS + 300,
  });
});

test("unknown, wrong and disabled answer alike, and each leaves one line in the audit trail", async () => {
  const user = await auth.makeUser();
  const gone = await auth.makeUser();
  await disable(gone.id);
  const before = await auth.app.db.read<{ n: number }>("SELECT COUNT(*) AS n FROM audit_events");
  const refusals = await Promise.all(
    [
      logIn(`${newId()}@example.com`, PASSWORD),
      logIn(user.email, "another long passphrase"),
      logIn(gone.email, PASSWORD),
    ].map((attempt) =>
      attempt.then(
        () => undefined,
        (error) => ({ ...error, stack: undefined }),
      ),
    ),
  );
  expect(refusals[0]).toMatchObject(INVALID_CREDENTIALS);
  expect(refusals[1]).toEqual(refusals[0]);
  expect(refusals[2]).toEqual(refusals[0]);
  expect((await auth.auditOf(user.id)).at(-1)).toBe("session.login FAILURE");
  expect((await auth.auditOf(gone.id)).at(-1)).toBe("session.login FAILURE");
  const after = await auth.app.db.read<{ n: number }>("SELECT COUNT(*) AS n FROM audit_events");
  expect(after[0]!.n - before[0]!.n).toBe(3);
});

test("what was typed at a failed login is nowhere in the audit trail", async () => {
  const email = `${newId()}@example.com`;
  await expect(logIn(email, "canary-passphrase-4711")).rejects.toMatchObject(INVALID_CREDENTIALS);
  const lines = await auth.app.db.read("SELECT * FROM audit_events");
  expect(JSON.stringify(lines)).not.toContain(email.split("@")[0]);
  expect(JSON.stringify(lines)).not.toContain("canary");
});

test("a weaker hash is replaced at the next login", async () => {
  const user = await auth.makeUser();
  const weak = await argon2(PASSWORD, { memoryCost: 4096, timeCost: 1 });
  const proof = passwordProof(auth.app.hash, user.id, weak);
  await auth.app.db.write("UPDATE users SET password_hash = ?, password_proof = ? WHERE id = ?", [
    weak,
    proof,
    binaryId(user.id),
  ]);
  expect(await callStats(Array.from({ length: 4 }, () => auth.logIn(user)))).toEqual({ ok: 4 });
  const [row] = await auth.app.db.read<{ password_hash: string }>(
    "SELECT password_hash FROM users WHERE id = ?",
    [binaryId(user.id)],
  );
  expect(row!.password_hash).toContain("$argon2id$v=19$m=19456,t=2,p=1$");
  await auth.logIn(user);
});

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

test("a second use ends the session, is audited, and revokes its access tokens", async () => {
  const user = await auth.makeUser();
  const first = await auth.logIn(user);
  const second = await refresh(first.refreshToken);
  await expect(refresh(first.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  await expect(refresh(second.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  expect(await isRevoked(first)).toBe(true);
  expect((await auth.auditOf(user.id)).slice(-2)).toEqual([
    "session.refresh SUCCESS",
    "session.refresh FAILURE",
  ]);
});

test("of many uses at once one succeeds, and the session ends", async () => {
  for (let round = 0; round < 5; round++) {
    const session = await auth.logIn(await auth.makeUser());
    const uses = Array.from({ length: 20 }, () => refresh(session.refreshToken));
    expect(await callStats(uses)).toEqual({ ok: 1, INVALID_REFRESH_TOKEN: 19 });
    expect(await isRevoked(session)).toBe(true);
  }
});

test("whoever lost the answer gets the same successor within ten seconds, by the same key", async () => {
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
  expect(await isRevoked(session)).toBe(true);
});

test("the successor is kept sealed, and forgotten after its ten seconds", async () => {
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

test("a session that rests for half an hour, or is twelve hours old, is over", async () => {
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

test("the last access token of a session does not outlive it", async () => {
  let session = await auth.logIn(await auth.makeUser());
  for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
    auth.clock.advance(20 * MINUTE_MS);
    session = await refresh(session.refreshToken);
  }
  auth.clock.advance(18 * MINUTE_MS);
  const { exp, iat } = decodeJwt((await refresh(session.refreshToken)).accessToken);
  expect(exp! - iat!).toBe(120);
});

test("a logout ends this session and no other", async () => {
  const user = await auth.makeUser();
  const [here, there] = [await auth.logIn(user), await auth.logIn(user)];
  await logOut(here);
  await logOut(here);
  await expect(refresh(here.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
  await refresh(there.refreshToken);
  expect(await isRevoked(here)).toBe(true);
  expect(await isRevoked(there)).toBe(false);
});

test("an account that is disabled in the middle of a login leaves no session alive", async () => {
  const user = await auth.makeUser();
  let disabling: Promise<unknown> | undefined;
  class SlowKeys extends SigningKeys {
    override async current() {
      // The login has read the account, and has not committed the session yet.
      disabling = asAnother(disable, user.id);
      await Promise.race([disabling, delay(200)]);
      return await super.current();
    }
  }
  const app = { ...auth.app, signingKeys: new SlowKeys(auth.app) };
  const request = { email: user.email, password: PASSWORD, rememberMe: false };
  const answer = await auth.call(AuthServiceService.login, bound(login, app), request);
  await disabling;
  const session = signedIn(answer.accessToken!, answer.refreshToken!);
  expect(await isRevoked(session)).toBe(true);
  await expect(refresh(session.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
});

test("publishes live revocations to Redis until they expire, and when it did", async () => {
  const { redis, revocationsJob } = auth.app;
  // It would publish under a key of its own in between.
  await revocationsJob.stop();
  const lists = new RevocationLists([randomBytes(32)]);
  const session = await auth.logIn(await auth.makeUser());
  const sid = decodeJwt<{ sid: string }>(session.accessToken).sid;
  const published = async () => {
    await publishRevocations(auth.app, lists)();
    const { time, revocations } = lists.read((await redis.get(REVOCATIONS_KEY))!);
    expect(time).toEqual(auth.clock.now());
    return revocations.find(({ sessionId }) => sessionId === sid)?.expireTime;
  };
  await logOut(session);
  // The longest that an access token can live, and a minute for clocks that differ.
  expect(await published()).toEqual(new Date(auth.clock.now().getTime() + 6 * MINUTE_MS));
  expect(await redis.ttl(REVOCATIONS_KEY)).toBeGreaterThan(0);
  auth.clock.advance(6 * MINUTE_MS);
  expect(await published()).toBeUndefined();
  expect(await isRevoked(session)).toBe(false);
});

test("the list is in nobody's way who still keeps the sorted set of the releases before", async () => {
  const { redis, revocationsJob } = auth.app;
  await revocationsJob.stop();
  const lists = new RevocationLists([randomBytes(32)]);
  await publishRevocations(auth.app, lists)();
  expect(await redis.zadd("medconnect:revocations", 1, "a session")).toBe(1);
  await publishRevocations(auth.app, lists)();
  expect(await redis.zcard("medconnect:revocations")).toBe(1);
  await redis.del("medconnect:revocations");
});

test.each(
  Object.entries({
    deleteExpiredRevocations,
    deleteExpiredChallenges,
    deleteExpiredSessions,
    deleteExpiredMails,
    deleteExpiredLinkTokens,
    deleteExpiredRegistrations,
    deleteExpiredCounters,
  }),
)("%s ends with its process, however much there is to delete", async (_, deleteExpired) => {
  const stopped = deleteExpired(auth.app.db, auth.clock.now(), AbortSignal.abort());
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
});

test("the sweep ends with its process", async () => {
  await expect(sweepExpired(auth.app)(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});

test("what has expired is deleted, and nothing else", async () => {
  await logOut(await auth.logIn(await auth.makeUser()));
  auth.clock.advance(11 * 60 * MINUTE_MS);
  const live = await auth.logIn(await auth.makeUser());
  auth.clock.advance(61 * MINUTE_MS);
  await sweepExpired(auth.app)();
  expect(await count("revocations")).toBe(0);
  expect(await count("sessions")).toBe(1);
  expect(await count("refresh_tokens")).toBe(1);
  await expect(refresh(live.refreshToken)).rejects.toMatchObject(INVALID_REFRESH_TOKEN);
});
