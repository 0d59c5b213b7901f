import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { bound, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { disableUser } from "../admin/change-status.ts";
import { login } from "../login/login.ts";
import { MfaUser } from "../testing/mfa-user.ts";
import { callStats, mfaTokenOf, PASSWORD, startTestAuth, type TestAuth } from "../testing/test-auth.ts";

const MINUTE_MS = 60_000;
const WRONG = "000000";

let auth: TestAuth;
let me: MfaUser;

beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());
beforeEach(async () => {
  me = await MfaUser.signUp(auth);
});

test("the code of the activation does not log in", async () => {
  const { secret } = await me.setUp();
  const code = me.codeOf(secret);
  await me.activate(code);
  await expect(me.verify(await me.mfaToken(), { $case: "code", value: code })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
});

test("one of many concurrent logins with the same code succeeds", async () => {
  const { secret } = await me.withMfa();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => me.mfaToken()));
  const code = me.codeOf(secret);
  expect(await callStats(tokens.map((token) => me.verify(token, { $case: "code", value: code })))).toEqual({
    ok: 1,
    INVALID_MFA_CODE: 49,
  });
});

test("one of many concurrent factors uses an MFA token up", async () => {
  const { recoveryCodes } = await me.withMfa();
  const token = await me.mfaToken();
  const attempts = recoveryCodes.map((recoveryCode) =>
    me.verify(token, { $case: "recoveryCode", value: recoveryCode }),
  );
  expect(await callStats(attempts)).toEqual({ ok: 1, INVALID_MFA_TOKEN: 9 });
});

test("five failures, also concurrent ones, use an MFA token up", async () => {
  const { secret } = await me.withMfa();
  const token = await me.mfaToken();
  const guesses = Array.from({ length: 30 }, () => me.verify(token, { $case: "code", value: WRONG }));
  expect(await callStats(guesses)).toEqual({ INVALID_MFA_CODE: 5, INVALID_MFA_TOKEN: 25 });
  await expect(me.verify(token, { $case: "code", value: me.codeOf(secret) })).rejects.toMatchObject({
    reason: "INVALID_MFA_TOKEN",
  });
  await expect(
    me.verify(await me.mfaToken(), { $case: "code", value: me.codeOf(secret) }),
  ).resolves.toMatchObject({ tokenType: "Bearer" });
});

test("an MFA token expires after five minutes", async () => {
  const { secret } = await me.withMfa();
  const token = await me.mfaToken();
  auth.clock.advance(5 * MINUTE_MS);
  await expect(me.verify(token, { $case: "code", value: me.codeOf(secret) })).rejects.toMatchObject({
    reason: "INVALID_MFA_TOKEN",
  });
});

test("no other token is accepted as an MFA token", async () => {
  const { accessToken } = await auth.logIn(me.user);
  const { secret } = await me.withMfa();
  for (const token of [accessToken, "a.b.c"]) {
    await expect(me.verify(token, { $case: "code", value: me.codeOf(secret) })).rejects.toMatchObject({
      reason: "INVALID_MFA_TOKEN",
    });
  }
});

test("one of many concurrent logins with the same recovery code succeeds", async () => {
  const { recoveryCodes } = await me.withMfa();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => me.mfaToken()));
  const [recoveryCode = ""] = recoveryCodes;
  const typed = recoveryCode.toLowerCase().replaceAll("-", " ");
  expect(
    await callStats(tokens.map((token) => me.verify(token, { $case: "recoveryCode", value: typed }))),
  ).toEqual({
    ok: 1,
    INVALID_MFA_CODE: 49,
  });
});

test("a disabled account cannot sign in with a second factor", async () => {
  const { secret } = await me.withMfa();
  const token = await me.mfaToken();
  const request = { userId: me.user.id, idempotencyKey: "" };
  await auth.call(UserServiceService.disableUser, bound(disableUser, auth.app), request, userCaller("ADMIN"));
  await expect(me.verify(token, { $case: "code", value: me.codeOf(secret) })).rejects.toMatchObject({
    reason: "INVALID_MFA_TOKEN",
  });
});

test("successes and failures are audited", async () => {
  const { secret } = await me.withMfa();
  const token = await me.mfaToken();
  await expect(me.verify(token, { $case: "code", value: WRONG })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  await me.verify(token, { $case: "code", value: me.codeOf(secret) });
  expect((await auth.auditOf(me.user.id)).slice(-5)).toEqual([
    "mfa.set_up SUCCESS",
    "mfa.activate SUCCESS",
    "session.login SUCCESS",
    "session.verify_mfa FAILURE",
    "session.verify_mfa SUCCESS",
  ]);
});

test("a login that asks to be remembered opens a remembered session after the second factor", async () => {
  const { secret } = await me.withMfa();
  const request = { email: me.user.email, password: PASSWORD, rememberMe: true };
  const answer = await auth.call(AuthServiceService.login, bound(login, auth.app), request);
  await me.verify(mfaTokenOf(answer), { $case: "code", value: me.codeOf(secret) });
  const rows = await auth.app.db.read("SELECT remembered FROM sessions ORDER BY id DESC LIMIT 1");
  expect(rows).toEqual([{ remembered: 1 }]);
});
