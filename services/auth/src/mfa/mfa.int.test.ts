import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { asAnother } from "@medconnect/platform/testing/interleaving.ts";
import { bound, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  AuthServiceService,
  type VerifyMfaRequest,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { type User, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { generateSync } from "otplib";
import { lockAccount } from "../accounts/account-store.ts";
import { getMe } from "../accounts/get-me.ts";
import { disableUser } from "../admin/change-status.ts";
import { resetMfa } from "../admin/reset-mfa.ts";
import { SigningKeys } from "../keys/signing-keys.ts";
import { login } from "../login/login.ts";
import { listRevocations } from "../revocations/revocation-store.ts";
import { refreshToken } from "../sessions/refresh-token.ts";
import { callStats, PASSWORD, signedIn, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { activateTotp } from "./activate-totp.ts";
import { disableTotp } from "./disable-totp.ts";
import { activateTotp as activateInStore, lockTotp } from "./mfa-store.ts";
import { regenerateRecoveryCodes } from "./regenerate-recovery-codes.ts";
import { setUpTotp } from "./set-up-totp.ts";
import { verifyMfa } from "./verify-mfa.ts";

const STEP_MS = 30_000;
const MINUTE_MS = 60_000;
const WRONG = "000000";

let auth: TestAuth;
let user: User;
let caller: Caller;

beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());
beforeEach(async () => {
  user = await auth.makeUser();
  ({ caller } = await auth.logIn(user));
});

const setUp = () => auth.call(AuthServiceService.setUpTotp, bound(setUpTotp, auth.app), {}, caller);
const activate = (code: string) =>
  auth.call(AuthServiceService.activateTotp, bound(activateTotp, auth.app), { code }, caller);
const disable = (password: string, code: string) =>
  auth.call(
    AuthServiceService.disableTotp,
    bound(disableTotp, auth.app),
    { password, code, idempotencyKey: "" },
    caller,
  );
const regenerate = (password: string, code: string) =>
  auth.call(
    AuthServiceService.regenerateRecoveryCodes,
    bound(regenerateRecoveryCodes, auth.app),
    { password, code },
    caller,
  );
const reset = async (userId: string, by?: Caller, idempotencyKey = "") =>
  auth.call(
    UserServiceService.resetMfa,
    bound(resetMfa, auth.app),
    { userId, idempotencyKey },
    by ?? (await auth.signInAdmin()),
  );
const me = () => auth.call(UserServiceService.getMe, bound(getMe, auth.app), {}, caller);
const logIn = () =>
  auth.call(AuthServiceService.login, bound(login, auth.app), {
    email: user.email,
    password: PASSWORD,
    rememberMe: false,
  });
const mfaToken = async () => (await logIn()).mfaToken!;
const verify = (token: string, factor: VerifyMfaRequest["factor"]) =>
  auth.call(AuthServiceService.verifyMfa, bound(verifyMfa, auth.app), {
    mfaToken: token,
    factor,
  });

const sidOf = (by: Caller) => (by.kind === "user" ? by.sessionId : undefined);

const codeOf = (secret: string) =>
  generateSync({ secret, epoch: Math.floor(auth.clock.now().getTime() / 1000) });

/** Activates the second factor, and advances to the authenticator's next code. */
async function withMfa() {
  const { secret } = await setUp();
  const { recoveryCodes } = await activate(codeOf(secret));
  auth.clock.advance(STEP_MS);
  return { secret, recoveryCodes };
}

test("the secret is shown as text, URI and QR code, and encrypted in the database", async () => {
  const { secret, otpauthUri, qrCode } = await setUp();
  expect(otpauthUri).toContain(`secret=${secret}`);
  expect(qrCode).toMatch(/^data:image\/png;base64,/);
  const [row] = await auth.app.db.read<{ secret: Buffer }>("SELECT secret FROM mfa_totp WHERE user_id = ?", [
    binaryId(user.id),
  ]);
  expect(row!.secret.includes(secret)).toBe(false);
});

test("a set-up is pending until its first right code", async () => {
  const first = await setUp();
  const second = await setUp();
  expect((await logIn()).mfaRequired).toBe(false);
  await expect(activate(codeOf(first.secret))).rejects.toMatchObject({ reason: "INVALID_MFA_CODE" });
  const { recoveryCodes } = await activate(codeOf(second.secret));
  expect(recoveryCodes).toHaveLength(10);
  expect(await me()).toMatchObject({ mfaEnabled: true, etag: "0002" });
  expect(await logIn()).toEqual({
    mfaRequired: true,
    mfaToken: expect.any(String),
    accessToken: undefined,
    refreshToken: undefined,
    tokenType: undefined,
    expiresInSeconds: 300,
  });
});

test("an active authenticator is not replaced", async () => {
  const { secret } = await withMfa();
  await expect(setUp()).rejects.toMatchObject({ reason: "MFA_ALREADY_ACTIVE" });
  await expect(activate(codeOf(secret))).rejects.toMatchObject({ reason: "MFA_ALREADY_ACTIVE" });
  await expect(verify(await mfaToken(), { $case: "code", value: codeOf(secret) })).resolves.toMatchObject({
    mfaRequired: false,
  });
});

test("the activation ends the other sessions, and its owner gets a mail", async () => {
  const here = await auth.logIn(user);
  const there = await auth.logIn(user);
  caller = here.caller;
  const { secret } = await setUp();
  await activate(codeOf(secret));
  await expect(refresh(there.refreshToken)).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  await refresh(here.refreshToken);
  const revoked = (await listRevocations(auth.app.db, auth.clock.now())).map(({ sessionId }) => sessionId);
  expect(revoked).toContain(sidOf(there.caller));
  expect(revoked).not.toContain(sidOf(here.caller));
  expect((await auth.mailsTo(user.email)).map(({ subject }) => subject)).toEqual([
    "A second factor was set up",
  ]);
});

test("an activation during a login leaves no live session", async () => {
  const { secret } = await setUp();
  const code = codeOf(secret);
  let activating: Promise<unknown> | undefined;
  class SlowKeys extends SigningKeys {
    override async current() {
      // The login has locked the account, and has not committed the session.
      activating = asAnother(activate, code);
      await Promise.race([activating, delay(200)]);
      return await super.current();
    }
  }
  const app = { ...auth.app, signingKeys: new SlowKeys(auth.app) };
  const request = { email: user.email, password: PASSWORD, rememberMe: false };
  const { refreshToken: token } = await auth.call(AuthServiceService.login, bound(login, app), request);
  await activating;
  await expect(refresh(token!)).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
});

test("a login that waits for the activation to commit is asked for the second factor", async () => {
  await setUp();
  let waiting: ReturnType<typeof logIn> | undefined;
  await auth.app.db.transaction(async (tx) => {
    await lockAccount(tx, user.id);
    activateInStore(tx, user.id, 0, auth.clock.now());
    await lockTotp(tx, user.id);
    waiting = asAnother(logIn);
    await Promise.race([waiting, delay(200)]);
  });
  expect((await waiting!).mfaRequired).toBe(true);
});

test("an activation without a set-up is refused", async () => {
  await expect(activate(WRONG)).rejects.toMatchObject({ reason: "MFA_NOT_SET_UP" });
});

test("the code of the activation does not log in", async () => {
  const { secret } = await setUp();
  const code = codeOf(secret);
  await activate(code);
  await expect(verify(await mfaToken(), { $case: "code", value: code })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
});

test("one of many concurrent logins with the same code succeeds", async () => {
  const { secret } = await withMfa();
  const tokens = await Promise.all(Array.from({ length: 50 }, mfaToken));
  const code = codeOf(secret);
  expect(await callStats(tokens.map((token) => verify(token, { $case: "code", value: code })))).toEqual({
    ok: 1,
    INVALID_MFA_CODE: 49,
  });
});

test("one of many concurrent factors uses an MFA token up", async () => {
  const { recoveryCodes } = await withMfa();
  const token = await mfaToken();
  const attempts = recoveryCodes.map((recoveryCode) =>
    verify(token, { $case: "recoveryCode", value: recoveryCode }),
  );
  expect(await callStats(attempts)).toEqual({ ok: 1, INVALID_MFA_TOKEN: 9 });
});

test("five failures, also concurrent ones, use an MFA token up", async () => {
  const { secret } = await withMfa();
  const token = await mfaToken();
  const guesses = Array.from({ length: 30 }, () => verify(token, { $case: "code", value: WRONG }));
  expect(await callStats(guesses)).toEqual({ INVALID_MFA_CODE: 5, INVALID_MFA_TOKEN: 25 });
  await expect(verify(token, { $case: "code", value: codeOf(secret) })).rejects.toMatchObject({
    reason: "INVALID_MFA_TOKEN",
  });
  await expect(verify(await mfaToken(), { $case: "code", value: codeOf(secret) })).resolves.toMatchObject({
    mfaRequired: false,
  });
});

test("an MFA token expires after five minutes", async () => {
  const { secret } = await withMfa();
  const token = await mfaToken();
  auth.clock.advance(5 * MINUTE_MS);
  await expect(verify(token, { $case: "code", value: codeOf(secret) })).rejects.toMatchObject({
    reason: "INVALID_MFA_TOKEN",
  });
});

test("no other token is accepted as an MFA token", async () => {
  const { accessToken } = await auth.logIn(user);
  const { secret } = await withMfa();
  for (const token of [accessToken, "a.b.c"]) {
    await expect(verify(token, { $case: "code", value: codeOf(secret) })).rejects.toMatchObject({
      reason: "INVALID_MFA_TOKEN",
    });
  }
});

test("one of many concurrent logins with the same recovery code succeeds", async () => {
  const { recoveryCodes } = await withMfa();
  const tokens = await Promise.all(Array.from({ length: 50 }, mfaToken));
  const [recoveryCode = ""] = recoveryCodes;
  const typed = recoveryCode.toLowerCase().replaceAll("-", " ");
  expect(
    await callStats(tokens.map((token) => verify(token, { $case: "recoveryCode", value: typed }))),
  ).toEqual({
    ok: 1,
    INVALID_MFA_CODE: 49,
  });
});

test("a disabled account cannot sign in with a second factor", async () => {
  const { secret } = await withMfa();
  const token = await mfaToken();
  const request = { userId: user.id, idempotencyKey: "" };
  await auth.call(UserServiceService.disableUser, bound(disableUser, auth.app), request, userCaller("ADMIN"));
  await expect(verify(token, { $case: "code", value: codeOf(secret) })).rejects.toMatchObject({
    reason: "INVALID_MFA_TOKEN",
  });
});

test("successes and failures are audited", async () => {
  const { secret } = await withMfa();
  const token = await mfaToken();
  await expect(verify(token, { $case: "code", value: WRONG })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  await verify(token, { $case: "code", value: codeOf(secret) });
  expect((await auth.auditOf(user.id)).slice(-5)).toEqual([
    "mfa.set_up SUCCESS",
    "mfa.activate SUCCESS",
    "session.login SUCCESS",
    "session.verify_mfa FAILURE",
    "session.verify_mfa SUCCESS",
  ]);
});

test("the second factor is removed by password and code, and the code is consumed", async () => {
  const { secret, recoveryCodes } = await withMfa();
  const code = codeOf(secret);
  await expect(disable("not the passphrase", code)).rejects.toMatchObject({ reason: "INVALID_CREDENTIALS" });
  await expect(disable(PASSWORD, WRONG)).rejects.toMatchObject({ reason: "INVALID_MFA_CODE" });
  const token = await mfaToken();
  expect(await disable(PASSWORD, code)).toMatchObject({ mfaEnabled: false, etag: "0003" });
  expect((await auth.mailsTo(user.email)).at(-1)).toMatchObject({
    subject: "Your second factor was removed",
  });
  expect((await logIn()).mfaRequired).toBe(false);
  await expect(verify(token, { $case: "code", value: code })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  await expect(verify(token, { $case: "recoveryCode", value: recoveryCodes[0]! })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  await expect(disable(PASSWORD, code)).rejects.toMatchObject({ reason: "MFA_NOT_ACTIVE" });
});

test("a login that asks to be remembered opens a remembered session after the second factor", async () => {
  const { secret } = await withMfa();
  const request = { email: user.email, password: PASSWORD, rememberMe: true };
  const { mfaToken: token } = await auth.call(AuthServiceService.login, bound(login, auth.app), request);
  await verify(token!, { $case: "code", value: codeOf(secret) });
  const rows = await auth.app.db.read("SELECT remembered FROM sessions ORDER BY id DESC LIMIT 1");
  expect(rows).toEqual([{ remembered: 1 }]);
});

test("new recovery codes need password and code, and replace the old ones", async () => {
  const { secret, recoveryCodes: old } = await withMfa();
  await expect(regenerate("not the passphrase", codeOf(secret))).rejects.toMatchObject({
    reason: "INVALID_CREDENTIALS",
  });
  await expect(regenerate(PASSWORD, WRONG)).rejects.toMatchObject({ reason: "INVALID_MFA_CODE" });
  const { recoveryCodes } = await regenerate(PASSWORD, codeOf(secret));
  expect(recoveryCodes).toHaveLength(10);
  expect((await auth.mailsTo(user.email)).at(-1)).toMatchObject({ subject: "You have new recovery codes" });
  await expect(verify(await mfaToken(), { $case: "recoveryCode", value: old[0]! })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  await verify(await mfaToken(), { $case: "recoveryCode", value: recoveryCodes[0]! });
  expect((await auth.auditOf(user.id)).filter((line) => line.startsWith("mfa.regenerate"))).toEqual([
    "mfa.regenerate_codes FAILURE",
    "mfa.regenerate_codes FAILURE",
    "mfa.regenerate_codes SUCCESS",
  ]);
});

test("new recovery codes are refused without a second factor", async () => {
  await expect(regenerate(PASSWORD, WRONG)).rejects.toMatchObject({ reason: "MFA_NOT_ACTIVE" });
});

test("an admin's reset removes the second factor and ends the sessions", async () => {
  const { recoveryCodes } = await withMfa();
  const { refreshToken: refreshes } = await verify(await mfaToken(), {
    $case: "recoveryCode",
    value: recoveryCodes[0]!,
  });
  const waiting = await mfaToken();
  expect(await reset(user.id)).toMatchObject({ id: user.id, mfaEnabled: false, etag: "0003" });
  expect((await auth.mailsTo(user.email)).at(-1)).toMatchObject({ subject: "Your second factor was reset" });
  await expect(refresh(refreshes!)).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  await expect(verify(waiting, { $case: "recoveryCode", value: recoveryCodes[1]! })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  expect((await logIn()).mfaRequired).toBe(false);
  expect(await reset(user.id)).toMatchObject({ etag: "0003" });
});

test("a repeated reset, with its key or without, is audited as a read of the account", async () => {
  await withMfa();
  const [admin, key] = [await auth.signInAdmin(), newId()];
  for (let i = 0; i < 2; i++) await reset(user.id, admin, key);
  const read = ["user.reset_mfa SUCCESS", "user.get SUCCESS"];
  expect((await auth.auditOf(user.id)).slice(-2)).toEqual(read);
  await reset(user.id, admin);
  expect((await auth.auditOf(user.id)).slice(-3)).toEqual([...read, "user.get SUCCESS"]);
});

test("wrong factors before a reset do not lock the new authenticator", async () => {
  await withMfa();
  for (let i = 0; i < 2; i++) {
    const token = await mfaToken();
    await callStats(Array.from({ length: 5 }, () => verify(token, { $case: "code", value: WRONG })));
  }
  await reset(user.id);
  ({ caller } = await auth.logIn(user));
  const { secret } = await setUp();
  expect((await activate(codeOf(secret))).recoveryCodes).toHaveLength(10);
});

test("an admin can reset neither their own second factor nor that of an unknown user", async () => {
  const admin = await auth.signInAdmin();
  await expect(reset(admin.userId, admin)).rejects.toMatchObject({ reason: "CANNOT_CHANGE_SELF" });
  await expect(reset(userCaller("PATIENT").userId, admin)).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

const refresh = (token: string) =>
  auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), {
    refreshToken: token,
    idempotencyKey: "",
  });

describe("if doctors must have a second factor", () => {
  beforeEach(() => {
    Object.assign(auth.app, { mfaRequiredRoles: ["DOCTOR"] });
  });
  afterEach(() => {
    Object.assign(auth.app, { mfaRequiredRoles: [] });
  });

  test("a doctor's tokens show it as pending until the first refresh after the activation", async () => {
    user = await auth.makeUser("DOCTOR");
    const first = await auth.logIn(user);
    caller = first.caller;
    expect(caller).toMatchObject({ role: "DOCTOR", mfaPending: true });
    const { secret } = await setUp();
    const second = await refresh(first.refreshToken);
    expect(signedIn(second.accessToken!, "").caller).toMatchObject({ mfaPending: true });
    await activate(codeOf(secret));
    const third = await refresh(second.refreshToken!);
    expect(signedIn(third.accessToken!, "").caller).toMatchObject({ role: "DOCTOR", mfaPending: false });
    auth.clock.advance(STEP_MS);
    const { accessToken } = await verify(await mfaToken(), { $case: "code", value: codeOf(secret) });
    expect(signedIn(accessToken!, "").caller).toMatchObject({ mfaPending: false });
  });

  test("a patient's tokens do not", async () => {
    expect((await auth.logIn(user)).caller).toMatchObject({ role: "PATIENT", mfaPending: false });
  });
});
