import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import {
  AuthServiceService,
  type VerifyMfaRequest,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { generateSync } from "otplib";
import { login } from "../login/login.ts";
import { activateTotp } from "../mfa/activate-totp.ts";
import { disableTotp } from "../mfa/disable-totp.ts";
import { setUpTotp } from "../mfa/set-up-totp.ts";
import { verifyMfa } from "../mfa/verify-mfa.ts";
import { forgotPassword } from "../passwords/forgot-password.ts";
import { resetPassword } from "../passwords/reset-password.ts";
import {
  callStats,
  mfaTokenOf,
  PASSWORD,
  startTestAuth,
  type TestAuth,
  tokensOf,
} from "../testing/test-auth.ts";
import { deleteExpiredCounters } from "./lockout-store.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const WRONG = "another long passphrase";
const HERE = "192.0.2.1";
const ELSEWHERE = "198.51.100.7";
const INVALID_CREDENTIALS = { reason: "INVALID_CREDENTIALS" };

let auth: TestAuth;
let user: User;

beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());
beforeEach(async () => {
  user = await auth.makeUser();
});

const logIn = (password: string, from = HERE, { email } = user) =>
  auth.call(
    AuthServiceService.login,
    bound(login, auth.app),
    { email, password, rememberMe: false },
    undefined,
    from,
  );

const fail = async (times: number, from = HERE, who = user) => {
  for (let i = 0; i < times; i++) {
    await expect(logIn(WRONG, from, who)).rejects.toMatchObject(INVALID_CREDENTIALS);
  }
};

const expectLocked = async (from = HERE) =>
  await expect(logIn(PASSWORD, from)).rejects.toMatchObject(INVALID_CREDENTIALS);

const forgetAll = async () => {
  auth.clock.advance(25 * HOUR_MS);
  await deleteExpiredCounters(auth.app.db, auth.clock.now());
};

const counters = () =>
  auth.app.db.read<{ failures: number }>("SELECT * FROM failure_counters ORDER BY expire_time DESC");

test("five failures lock for a minute, in which a right password gets the response of a wrong one", async () => {
  await fail(4);
  expect(tokensOf(await logIn(PASSWORD))).toBeDefined();
  await fail(5);
  const answers = await Promise.all(
    [PASSWORD, WRONG].map((password) =>
      logIn(password).then(
        () => undefined,
        (error) => ({ ...error, stack: undefined }),
      ),
    ),
  );
  expect(answers[0]).toMatchObject(INVALID_CREDENTIALS);
  expect(answers[1]).toEqual(answers[0]);
  auth.clock.advance(MINUTE_MS - 1);
  await expectLocked();
  auth.clock.advance(1);
  expect(tokensOf(await logIn(PASSWORD))).toBeDefined();
});

test("each further failure doubles the lock, up to 15 minutes, until a success", async () => {
  await fail(5);
  for (const minutes of [1, 2, 4, 8, 15, 15]) {
    auth.clock.advance(minutes * MINUTE_MS - 1);
    await expectLocked();
    auth.clock.advance(1);
    await fail(1);
  }
  auth.clock.advance(15 * MINUTE_MS);
  await logIn(PASSWORD);
  await fail(4);
  await logIn(PASSWORD);
});

test("of twenty concurrent guesses as many are evaluated as of consecutive ones", async () => {
  const guesses = Array.from({ length: 20 }, () => logIn(WRONG));
  expect(await callStats(guesses)).toEqual({ INVALID_CREDENTIALS: 20 });
  await expectLocked();
  expect((await counters())[0]).toMatchObject({ failures: 5 });
  auth.clock.advance(MINUTE_MS);
  await logIn(PASSWORD);
});

test("concurrent right passwords do not lock", async () => {
  await fail(4);
  expect(await callStats(Array.from({ length: 20 }, () => logIn(PASSWORD)))).toEqual({ ok: 20 });
});

test("a stranger's guesses do not lock the owner out elsewhere", async () => {
  await fail(30, ELSEWHERE);
  await logIn(PASSWORD);
  await expectLocked(ELSEWHERE);
});

test("twenty failures in an IPv6 site lock the site, and not the owner", async () => {
  for (let i = 1; i <= 20; i++) await fail(1, `2001:db8:0:${i}::1`);
  await expectLocked("2001:db8:0:21::1");
  await logIn(PASSWORD, "2001:db8:1::1");
  // Attempts from a locked IPv6 site (/48) are not counted for the account, so its owner can still log in.
  for (let i = 22; i <= 80; i++) await fail(1, `2001:db8:0:${i}::1`);
  await logIn(PASSWORD, HERE);
  auth.clock.advance(MINUTE_MS);
  await logIn(PASSWORD, "2001:db8:0:21::1");
});

test("an IPv6 /64 is one client", async () => {
  for (let i = 1; i <= 5; i++) await fail(1, `2001:db8:0:1::${i}`);
  await expectLocked("2001:db8:0:1:ffff::1");
  await logIn(PASSWORD, "2001:db8:0:2::1");
});

test("fifty failures from anywhere lock everywhere for the rest of the hour", async () => {
  for (let i = 0; i < 12; i++) await fail(4, `203.0.113.${i}`);
  await logIn(PASSWORD);
  await fail(2, ELSEWHERE);
  await expectLocked();
  auth.clock.advance(HOUR_MS - 1);
  await expectLocked();
  auth.clock.advance(1);
  await logIn(PASSWORD);
});

test("a reset by mail removes the locks of the password, but not that of the second factor", async () => {
  const { code } = await withMfa();
  for (let i = 0; i < 10; i++) {
    await expect(verify({ $case: "code", value: "000000" })).rejects.toMatchObject({
      reason: "INVALID_MFA_CODE",
    });
  }
  for (let i = 0; i < 12; i++) await fail(4, `203.0.113.${i}`);
  await fail(5);
  await expectLocked();
  await auth.call(AuthServiceService.forgotPassword, bound(forgotPassword, auth.app), { email: user.email });
  const [, token = ""] = (await auth.mailsTo(user.email)).at(-1)!.text.match(/#token=(\S+)/)!;
  const request = { token, password: "quite another passphrase" };
  await auth.call(AuthServiceService.resetPassword, bound(resetPassword, auth.app), request, undefined, HERE);
  const mfaToken = mfaTokenOf(await logIn(request.password));
  const factor = { mfaToken, factor: { $case: "code", value: code() } } as const;
  await expect(
    auth.call(AuthServiceService.verifyMfa, bound(verifyMfa, auth.app), factor),
  ).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  auth.clock.advance(MINUTE_MS);
  await auth.call(AuthServiceService.verifyMfa, bound(verifyMfa, auth.app), {
    ...factor,
    factor: { $case: "code", value: code() },
  });
});

test("unknown e-mails are counted like known ones, and the table holds no e-mail", async () => {
  await forgetAll();
  const unknown = { ...user, email: `${newId()}@example.com` };
  await fail(6, HERE, unknown);
  await fail(6);
  const rows = await counters();
  expect(rows.map(({ failures }) => failures)).toEqual([5, 5, 5, 5]);
  expect(JSON.stringify(rows)).not.toContain("@");
});

test("expired counters are deleted", async () => {
  await forgetAll();
  await fail(5);
  await logIn(PASSWORD, ELSEWHERE);
  auth.clock.advance(HOUR_MS + MINUTE_MS - 1);
  await deleteExpiredCounters(auth.app.db, auth.clock.now());
  expect((await counters()).map(({ failures }) => failures)).toEqual([5]);
  auth.clock.advance(1);
  await deleteExpiredCounters(auth.app.db, auth.clock.now());
  expect(await counters()).toEqual([]);
});

async function withMfa() {
  const { caller } = await auth.logIn(user);
  const { secret } = await auth.call(AuthServiceService.setUpTotp, bound(setUpTotp, auth.app), {}, caller);
  const code = () => generateSync({ secret, epoch: Math.floor(auth.clock.now().getTime() / 1000) });
  const { recoveryCodes } = await auth.call(
    AuthServiceService.activateTotp,
    bound(activateTotp, auth.app),
    { code: code() },
    caller,
  );
  auth.clock.advance(30 * SECOND_MS);
  return { caller, code, recoveryCodes };
}

const verify = async (factor: VerifyMfaRequest["factor"]) => {
  const mfaToken = mfaTokenOf(await logIn(PASSWORD));
  const request = { mfaToken, factor };
  return await auth.call(AuthServiceService.verifyMfa, bound(verifyMfa, auth.app), request);
};

const disable = (caller: Caller, password: string, code: string) =>
  auth.call(
    AuthServiceService.disableTotp,
    bound(disableTotp, auth.app),
    { password, code, idempotencyKey: newId() },
    caller,
    HERE,
  );

test("a wrong password of a signed-in user counts as a failed login", async () => {
  const { caller, code } = await withMfa();
  for (let i = 0; i < 5; i++) {
    await expect(disable(caller, WRONG, "000000")).rejects.toMatchObject(INVALID_CREDENTIALS);
  }
  await expectLocked();
  await expect(disable(caller, PASSWORD, code())).rejects.toMatchObject(INVALID_CREDENTIALS);
  expect(await auth.auditOf(user.id)).toContain("mfa.disable FAILURE");
  auth.clock.advance(MINUTE_MS);
  await expect(disable(caller, PASSWORD, code())).resolves.toMatchObject({ mfaEnabled: false });
});

test("ten wrong factors over all logins and methods lock the second factor", async () => {
  const { caller, code, recoveryCodes } = await withMfa();
  const [recoveryCode = ""] = recoveryCodes;
  const INVALID_MFA_CODE = { reason: "INVALID_MFA_CODE" };
  for (let i = 0; i < 5; i++) {
    await expect(verify({ $case: "code", value: "000000" })).rejects.toMatchObject(INVALID_MFA_CODE);
    if (i % 2)
      await expect(verify({ $case: "recoveryCode", value: "0000" })).rejects.toMatchObject(INVALID_MFA_CODE);
    else await expect(disable(caller, PASSWORD, "000000")).rejects.toMatchObject(INVALID_MFA_CODE);
  }
  await expect(verify({ $case: "code", value: code() })).rejects.toMatchObject(INVALID_MFA_CODE);
  await expect(verify({ $case: "recoveryCode", value: recoveryCode })).rejects.toMatchObject(
    INVALID_MFA_CODE,
  );
  await expect(disable(caller, PASSWORD, code())).rejects.toMatchObject(INVALID_MFA_CODE);
  auth.clock.advance(MINUTE_MS);
  await expect(verify({ $case: "code", value: code() })).resolves.toMatchObject({ tokenType: "Bearer" });
  await expect(verify({ $case: "recoveryCode", value: recoveryCode })).resolves.toMatchObject({
    tokenType: "Bearer",
  });
});

test("ten wrong first codes lock the activation, and are audited", async () => {
  const { caller } = await auth.logIn(user);
  const { secret } = await auth.call(AuthServiceService.setUpTotp, bound(setUpTotp, auth.app), {}, caller);
  const activate = (code: string) =>
    auth.call(AuthServiceService.activateTotp, bound(activateTotp, auth.app), { code }, caller);
  const INVALID_MFA_CODE = { reason: "INVALID_MFA_CODE" };
  const code = () => generateSync({ secret, epoch: Math.floor(auth.clock.now().getTime() / 1000) });
  for (let i = 0; i < 10; i++) await expect(activate("000000")).rejects.toMatchObject(INVALID_MFA_CODE);
  await expect(activate(code())).rejects.toMatchObject(INVALID_MFA_CODE);
  const audited = (await auth.auditOf(user.id)).filter((line) => line.startsWith("mfa.activate"));
  expect(audited).toEqual(Array.from({ length: 11 }, () => "mfa.activate FAILURE"));
  auth.clock.advance(MINUTE_MS);
  await expect(activate(code())).resolves.toMatchObject({ recoveryCodes: expect.any(Array) });
});

test("of fifteen concurrent guesses of the second factor ten are evaluated", async () => {
  const { code } = await withMfa();
  expect(
    await callStats(Array.from({ length: 15 }, () => verify({ $case: "code", value: "000000" }))),
  ).toEqual({
    INVALID_MFA_CODE: 15,
  });
  const failures = (await counters()).map((counter) => counter.failures);
  expect(Math.max(...failures)).toBe(10);
  auth.clock.advance(MINUTE_MS);
  await verify({ $case: "code", value: code() });
});
