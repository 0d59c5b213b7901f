import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { refreshToken } from "../sessions/refresh-token.ts";
import { MfaUser } from "../testing/mfa-user.ts";
import { callStats, startTestAuth, type TestAuth, tokensOf } from "../testing/test-auth.ts";
import { resetMfa } from "./reset-mfa.ts";

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

const reset = async (userId: string, by?: Caller, idempotencyKey = "") =>
  auth.call(
    UserServiceService.resetMfa,
    bound(resetMfa, auth.app),
    { userId, idempotencyKey },
    by ?? (await auth.signInAdmin()),
  );

const refresh = (token: string) =>
  auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), {
    refreshToken: token,
    idempotencyKey: "",
  });

test("an admin's reset removes the second factor and ends the sessions", async () => {
  const { recoveryCodes } = await me.withMfa();
  const { refreshToken: refreshes } = await me.verify(await me.mfaToken(), {
    $case: "recoveryCode",
    value: recoveryCodes[0]!,
  });
  const waiting = await me.mfaToken();
  expect(await reset(me.user.id)).toMatchObject({ id: me.user.id, mfaEnabled: false, etag: "0003" });
  expect((await auth.mailsTo(me.user.email)).at(-1)).toMatchObject({
    subject: "Your second factor was reset",
  });
  await expect(refresh(refreshes!)).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  await expect(me.verify(waiting, { $case: "recoveryCode", value: recoveryCodes[1]! })).rejects.toMatchObject(
    {
      reason: "INVALID_MFA_CODE",
    },
  );
  expect(tokensOf(await me.logIn())).toBeDefined();
  expect(await reset(me.user.id)).toMatchObject({ etag: "0003" });
});

test("a repeated reset, with its key or without, is audited as a read of the account", async () => {
  await me.withMfa();
  const [admin, key] = [await auth.signInAdmin(), newId()];
  for (let i = 0; i < 2; i++) await reset(me.user.id, admin, key);
  const read = ["user.reset_mfa SUCCESS", "user.get SUCCESS"];
  expect((await auth.auditOf(me.user.id)).slice(-2)).toEqual(read);
  await reset(me.user.id, admin);
  expect((await auth.auditOf(me.user.id)).slice(-3)).toEqual([...read, "user.get SUCCESS"]);
});

test("wrong factors before a reset do not lock the new authenticator", async () => {
  await me.withMfa();
  for (let i = 0; i < 2; i++) {
    const token = await me.mfaToken();
    await callStats(Array.from({ length: 5 }, () => me.verify(token, { $case: "code", value: WRONG })));
  }
  await reset(me.user.id);
  me.session = await auth.logIn(me.user);
  const { secret } = await me.setUp();
  expect((await me.activate(me.codeOf(secret))).recoveryCodes).toHaveLength(10);
});

test("an admin can reset neither their own second factor nor that of an unknown user", async () => {
  const admin = await auth.signInAdmin();
  await expect(reset(admin.userId, admin)).rejects.toMatchObject({ reason: "CANNOT_CHANGE_SELF" });
  await expect(reset(userCaller("PATIENT").userId, admin)).rejects.toMatchObject({ reason: "NOT_FOUND" });
});
