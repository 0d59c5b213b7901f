import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { asAnother, doneOrWaiting } from "@medconnect/platform/testing/interleaving.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { lockAccount } from "../accounts/account-store.ts";
import { SigningKeys } from "../keys/signing-keys.ts";
import { login } from "../login/login.ts";
import { refreshToken } from "../sessions/refresh-token.ts";
import { MfaUser } from "../testing/mfa-user.ts";
import {
  mfaTokenOf,
  PASSWORD,
  signedIn,
  startTestAuth,
  type TestAuth,
  tokensOf,
} from "../testing/test-auth.ts";
import { activateTotp as activateInStore, lockTotp } from "./mfa-store.ts";

const STEP_MS = 30_000;
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

const refresh = (token: string) =>
  auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), {
    refreshToken: token,
    idempotencyKey: "",
  });

test("the secret is shown as text, URI and QR code, and encrypted in the database", async () => {
  const { secret, otpauthUri, qrCode } = await me.setUp();
  expect(otpauthUri).toContain(`secret=${secret}`);
  expect(qrCode).toMatch(/^data:image\/png;base64,/);
  expect(qrCode.length).toBeLessThan(3000);
  const [row] = await auth.app.db.read<{ secret: Buffer }>("SELECT secret FROM mfa_totp WHERE user_id = ?", [
    binaryId(me.user.id),
  ]);
  expect(row!.secret.includes(secret)).toBe(false);
});

test("a set-up is pending until its first right code", async () => {
  const first = await me.setUp();
  const second = await me.setUp();
  expect(tokensOf(await me.logIn())).toBeDefined();
  await expect(me.activate(me.codeOf(first.secret))).rejects.toMatchObject({ reason: "INVALID_MFA_CODE" });
  const { recoveryCodes } = await me.activate(me.codeOf(second.secret));
  expect(recoveryCodes).toHaveLength(10);
  expect(await me.read()).toMatchObject({ mfaEnabled: true, etag: "0002" });
  expect((await me.logIn()).result).toEqual({
    $case: "mfaChallenge",
    value: { mfaToken: expect.any(String), expiresInSeconds: 300 },
  });
});

test("an active authenticator is not replaced", async () => {
  const { secret } = await me.withMfa();
  await expect(me.setUp()).rejects.toMatchObject({ reason: "MFA_ALREADY_ACTIVE" });
  await expect(me.activate(me.codeOf(secret))).rejects.toMatchObject({ reason: "MFA_ALREADY_ACTIVE" });
  await expect(
    me.verify(await me.mfaToken(), { $case: "code", value: me.codeOf(secret) }),
  ).resolves.toMatchObject({ tokenType: "Bearer" });
});

test("the activation ends the other sessions, and its owner gets a mail", async () => {
  const here = await auth.logIn(me.user);
  const there = await auth.logIn(me.user);
  me.session = here;
  const { secret } = await me.setUp();
  await me.activate(me.codeOf(secret));
  await expect(refresh(there.refreshToken)).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  await refresh(here.refreshToken);
  expect(await auth.isRevoked(there)).toBe(true);
  expect(await auth.isRevoked(here)).toBe(false);
  expect((await auth.mailsTo(me.user.email)).map(({ subject }) => subject)).toEqual([
    "A second factor was set up",
  ]);
});

test("an activation during a login leaves no live session", async () => {
  const { secret } = await me.setUp();
  const code = me.codeOf(secret);
  let activating: Promise<unknown> | undefined;
  class SlowKeys extends SigningKeys {
    override async current() {
      // At this point the login holds the row lock of the account, but has not committed its session.
      const activated = asAnother(() => me.activate(code));
      activating = activated;
      await asAnother(() => doneOrWaiting(auth.app.db, activated));
      return await super.current();
    }
  }
  const app = { ...auth.app, signingKeys: new SlowKeys(auth.app) };
  const request = { email: me.user.email, password: PASSWORD, rememberMe: false };
  const answer = await auth.call(AuthServiceService.login, bound(login, app), request);
  await activating;
  await expect(refresh(tokensOf(answer).refreshToken)).rejects.toMatchObject({
    reason: "INVALID_REFRESH_TOKEN",
  });
});

test("a login that waits for the activation to commit is asked for the second factor", async () => {
  await me.setUp();
  let waiting: ReturnType<MfaUser["logIn"]> | undefined;
  await auth.app.db.transaction(async (tx) => {
    await lockAccount(tx, me.user.id);
    activateInStore(tx, me.user.id, 0, auth.clock.now());
    await lockTotp(tx, me.user.id);
    const loggedIn = asAnother(() => me.logIn());
    waiting = loggedIn;
    await asAnother(() => doneOrWaiting(auth.app.db, loggedIn));
  });
  expect(mfaTokenOf(await waiting!)).toBeDefined();
});

test("an activation without a set-up is refused", async () => {
  await expect(me.activate(WRONG)).rejects.toMatchObject({ reason: "MFA_NOT_SET_UP" });
});

test("the second factor is removed by password and code, and the code is consumed", async () => {
  const { secret, recoveryCodes } = await me.withMfa();
  const code = me.codeOf(secret);
  await expect(me.disable("not the passphrase", code)).rejects.toMatchObject({
    reason: "INVALID_CREDENTIALS",
  });
  await expect(me.disable(PASSWORD, WRONG)).rejects.toMatchObject({ reason: "INVALID_MFA_CODE" });
  const token = await me.mfaToken();
  expect(await me.disable(PASSWORD, code)).toMatchObject({ mfaEnabled: false, etag: "0003" });
  expect((await auth.mailsTo(me.user.email)).at(-1)).toMatchObject({
    subject: "Your second factor was removed",
  });
  expect(tokensOf(await me.logIn())).toBeDefined();
  await expect(me.verify(token, { $case: "code", value: code })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  await expect(me.verify(token, { $case: "recoveryCode", value: recoveryCodes[0]! })).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  await expect(me.disable(PASSWORD, code)).rejects.toMatchObject({ reason: "MFA_NOT_ACTIVE" });
});

test("new recovery codes need password and code, and replace the old ones", async () => {
  const { secret, recoveryCodes: old } = await me.withMfa();
  await expect(me.regenerate("not the passphrase", me.codeOf(secret))).rejects.toMatchObject({
    reason: "INVALID_CREDENTIALS",
  });
  await expect(me.regenerate(PASSWORD, WRONG)).rejects.toMatchObject({ reason: "INVALID_MFA_CODE" });
  const { recoveryCodes } = await me.regenerate(PASSWORD, me.codeOf(secret));
  expect(recoveryCodes).toHaveLength(10);
  expect((await auth.mailsTo(me.user.email)).at(-1)).toMatchObject({
    subject: "You have new recovery codes",
  });
  await expect(
    me.verify(await me.mfaToken(), { $case: "recoveryCode", value: old[0]! }),
  ).rejects.toMatchObject({
    reason: "INVALID_MFA_CODE",
  });
  await me.verify(await me.mfaToken(), { $case: "recoveryCode", value: recoveryCodes[0]! });
  expect((await auth.auditOf(me.user.id)).filter((line) => line.startsWith("mfa.regenerate"))).toEqual([
    "mfa.regenerate_codes FAILURE",
    "mfa.regenerate_codes FAILURE",
    "mfa.regenerate_codes SUCCESS",
  ]);
});

test("new recovery codes are refused without a second factor", async () => {
  await expect(me.regenerate(PASSWORD, WRONG)).rejects.toMatchObject({ reason: "MFA_NOT_ACTIVE" });
});

describe("if doctors must have a second factor", () => {
  beforeEach(() => {
    Object.assign(auth.app, { mfaRequiredRoles: ["DOCTOR"] });
  });
  afterEach(() => {
    Object.assign(auth.app, { mfaRequiredRoles: [] });
  });

  test("a doctor's tokens show it as pending until the first refresh after the activation", async () => {
    me = await MfaUser.signUp(auth, "DOCTOR");
    const first = me.session;
    expect(first.caller).toMatchObject({ role: "DOCTOR", mfaPending: true });
    const { secret } = await me.setUp();
    const second = await refresh(first.refreshToken);
    expect(second.nextStep).toBe("ENROL_SECOND_FACTOR");
    expect(signedIn(second).caller).toMatchObject({ mfaPending: true });
    await me.activate(me.codeOf(secret));
    const third = await refresh(second.refreshToken);
    expect(third.nextStep).toBeUndefined();
    expect(signedIn(third).caller).toMatchObject({ role: "DOCTOR", mfaPending: false });
    auth.clock.advance(STEP_MS);
    const verified = await me.verify(await me.mfaToken(), { $case: "code", value: me.codeOf(secret) });
    expect(signedIn(verified).caller).toMatchObject({ mfaPending: false });
  });

  test("a patient's tokens do not", async () => {
    expect((await auth.logIn(me.user)).caller).toMatchObject({ role: "PATIENT", mfaPending: false });
  });
});
