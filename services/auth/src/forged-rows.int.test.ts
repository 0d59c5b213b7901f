import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { withBinaryIds } from "@medconnect/platform/testing/with-binary-ids.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import {
  ClientKey,
  type ClientKeySet,
  ServiceAccount,
  ServiceAccountServiceService,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { type User, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { generateSync } from "otplib";
import type { Auth } from "./app.ts";
import { login } from "./login/login.ts";
import { activateTotp } from "./mfa/activate-totp.ts";
import { setUpTotp } from "./mfa/set-up-totp.ts";
import { verifyMfa } from "./mfa/verify-mfa.ts";
import { changePassword } from "./passwords/change-password.ts";
import { forgotPassword } from "./passwords/forgot-password.ts";
import { resetPassword } from "./passwords/reset-password.ts";
import { register } from "./registration/register.ts";
import { verifyEmail } from "./registration/verify-email.ts";
import { createServiceAccount } from "./service-accounts/create-service-account.ts";
import { issueToken } from "./service-accounts/issue-token.ts";
import { refreshToken } from "./sessions/refresh-token.ts";
import { mfaTokenOf, PASSWORD, type SignedIn, startTestAuth, type TestAuth } from "./testing/test-auth.ts";

const NEW_PASSWORD = "quite another passphrase";
const INVALID_LINK_TOKEN = { reason: "INVALID_LINK_TOKEN" };
const INVALID_REFRESH_TOKEN = { reason: "INVALID_REFRESH_TOKEN" };

let auth: TestAuth;
/** Auth service that requires verified addresses, as in production. */
let mailing: Auth;
let readMetrics: () => Promise<string>;
let admin: UserCaller;
beforeAll(async () => {
  readMetrics = startMetrics("auth");
  auth = await startTestAuth();
  mailing = { ...auth.app, mustVerifyEmail: true };
  admin = await auth.signInAdmin();
});
afterAll(() => auth.close());

/** Writes to the database directly, like an attacker with access to it. */
const write = (sql: string, ...params: SqlScalar[]) => auth.app.db.write(sql, withBinaryIds(params));
const sha256 = (text: string) => createHash("sha256").update(text).digest();
const newToken = () => randomBytes(32).toString("base64url");
const inAnHour = () => new Date(auth.clock.now().getTime() + 3_600_000);

const refresh = (token: string) =>
  auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), {
    refreshToken: token,
    idempotencyKey: "",
  });
const reset = (token: string) =>
  auth.call(AuthServiceService.resetPassword, bound(resetPassword, auth.app), {
    token,
    password: NEW_PASSWORD,
  });
const verify = (token: string) =>
  auth.call(AuthServiceService.verifyEmail, bound(verifyEmail, mailing), { token, password: PASSWORD });

/** Number of refused rows of a table, from the metric that the alert uses. */
async function refused(table: string): Promise<number> {
  const line = new RegExp(`^credentials_refused_total\\{[^}]*table="${table}"[^}]*\\} (\\d+)`, "m");
  return Number(line.exec(await readMetrics())?.[1] ?? 0);
}

/** Expects that a forged credential is refused, and counted once. */
async function expectRefused(table: string, attempt: Promise<unknown>, error: object): Promise<void> {
  const before = await refused(table);
  await expect(attempt).rejects.toMatchObject(error);
  expect(await refused(table)).toBe(before + 1);
}

describe("a session", () => {
  let mine: SignedIn;
  beforeEach(async () => {
    mine = await auth.logIn(await auth.makeUser());
  });
  const mySession = () => mine.caller.sessionId;

  test("inserted for an admin gives no access token, and is audited", async () => {
    const [token, id] = [newToken(), newId()];
    await write(
      "INSERT INTO sessions (id, user_id, auth_time, expire_time) VALUES (?, ?, ?, ?)",
      id,
      admin.userId,
      auth.clock.now(),
      inAnHour(),
    );
    await write(
      "INSERT INTO refresh_tokens (token_hash, session_id, expire_time, proof) VALUES (?, ?, ?, ?)",
      sha256(token),
      id,
      inAnHour(),
      randomBytes(32),
    );
    await expectRefused("refresh_tokens", refresh(token), INVALID_REFRESH_TOKEN);
    const lines = await auth.app.db.read(
      "SELECT outcome FROM audit_events WHERE action = 'session.refresh' AND resource = ?",
      [`sessions/${id}`],
    );
    expect(lines).toEqual([{ outcome: "FAILURE" }]);
  });

  test("whose proof is copied to another token gives no access token", async () => {
    const token = newToken();
    await write(
      `INSERT INTO refresh_tokens (token_hash, session_id, expire_time, proof)
       SELECT ?, session_id, expire_time, proof FROM refresh_tokens WHERE session_id = ?`,
      sha256(token),
      admin.sessionId,
    );
    await expectRefused("refresh_tokens", refresh(token), INVALID_REFRESH_TOKEN);
  });

  test.each<[string, () => Promise<unknown>]>([
    ["to an admin", () => write("UPDATE sessions SET user_id = ? WHERE id = ?", admin.userId, mySession())],
    [
      "to an admin's session",
      () =>
        write("UPDATE refresh_tokens SET session_id = ? WHERE session_id = ?", admin.sessionId, mySession()),
    ],
    [
      "to a later end",
      () => write("UPDATE sessions SET expire_time = expire_time + INTERVAL 1 DAY WHERE id = ?", mySession()),
    ],
    [
      "to a longer idle time",
      () =>
        write(
          "UPDATE refresh_tokens SET expire_time = expire_time + INTERVAL 1 DAY WHERE session_id = ?",
          mySession(),
        ),
    ],
    [
      "to a fresher sign-in",
      () => write("UPDATE sessions SET auth_time = auth_time + INTERVAL 1 SECOND WHERE id = ?", mySession()),
    ],
    ["to a remembered session", () => write("UPDATE sessions SET remembered = 1 WHERE id = ?", mySession())],
    [
      "to one without a proof",
      () => write("UPDATE refresh_tokens SET proof = NULL WHERE session_id = ?", mySession()),
    ],
  ])("changed %s is refused", async (_how, change) => {
    await change();
    await expectRefused("refresh_tokens", refresh(mine.refreshToken), INVALID_REFRESH_TOKEN);
  });

  test("unchanged can be refreshed repeatedly", async () => {
    const before = await refused("refresh_tokens");
    const next = await refresh(mine.refreshToken);
    await refresh(next.refreshToken!);
    expect(await refused("refresh_tokens")).toBe(before);
  });
});

describe("a link that resets the password", () => {
  async function mailed(): Promise<{ user: User; token: string }> {
    const user = await auth.makeUser();
    const { forgotPassword: method } = AuthServiceService;
    await auth.call(method, bound(forgotPassword, auth.app), { email: user.email });
    const [mail] = await auth.mailsTo(user.email);
    return { user, token: /#token=(\S+)/.exec(mail!.text)![1]! };
  }

  test("inserted for an admin is refused", async () => {
    const token = newToken();
    await write(
      "INSERT INTO link_tokens (token_hash, user_id, purpose, expire_time) VALUES (?, ?, 'RESET_PASSWORD', ?)",
      sha256(token),
      admin.userId,
      inAnHour(),
    );
    await expectRefused("link_tokens", reset(token), INVALID_LINK_TOKEN);
  });

  test("reassigned to an admin's account, or prolonged, is refused", async () => {
    const { token } = await mailed();
    await write("UPDATE link_tokens SET user_id = ? WHERE token_hash = ?", admin.userId, sha256(token));
    await expectRefused("link_tokens", reset(token), INVALID_LINK_TOKEN);

    const { token: other } = await mailed();
    await write("UPDATE link_tokens SET expire_time = ? WHERE token_hash = ?", inAnHour(), sha256(other));
    await expectRefused("link_tokens", reset(other), INVALID_LINK_TOKEN);
  });
});

describe("a link mailed to an address that an attacker wrote into the database", () => {
  async function mailedTo(email: string): Promise<{ token: string; back: () => Promise<unknown> }> {
    const user = await auth.makeUser();
    const set = (to: string) => write("UPDATE users SET email = ? WHERE id = ?", to, user.id);
    await set(email);
    const { forgotPassword: method } = AuthServiceService;
    await auth.call(method, bound(forgotPassword, auth.app), { email });
    const [mail] = await auth.mailsTo(email);
    return { token: /#token=(\S+)/.exec(mail!.text)![1]!, back: () => set(user.email) };
  }

  test("resets no password while the account has that address", async () => {
    const { token } = await mailedTo("there@example.com");
    await expectRefused("users", reset(token), INVALID_LINK_TOKEN);
  });

  test("resets no password once the address is restored", async () => {
    const { token, back } = await mailedTo("back@example.com");
    await back();
    await expectRefused("link_tokens", reset(token), INVALID_LINK_TOKEN);
  });
});

describe("a registration", () => {
  async function mailed(): Promise<{ email: string; token: string }> {
    const email = `${newId()}@example.com`;
    const request = { email, password: PASSWORD, fullName: "Jo Doe", role: "PATIENT" as const };
    await auth.call(AuthServiceService.register, bound(register, mailing), request);
    const [mail] = await auth.mailsTo(email);
    return { email, token: /#token=(\S+)/.exec(mail!.text)![1]! };
  }

  test.each<[string, string, SqlScalar]>([
    ["to another's address", "email", "owner@example.com"],
    ["to a doctor's", "role", "DOCTOR"],
    ["to another account", "id", newId()],
  ])("changed %s creates no account", async (_how, column, value) => {
    const { token } = await mailed();
    await write(`UPDATE registrations SET ${column} = ? WHERE token_hash = ?`, value, sha256(token));
    await expectRefused("registrations", verify(token), INVALID_LINK_TOKEN);
  });

  test("unchanged creates an account, and its link gives the same response again", async () => {
    const { token } = await mailed();
    await verify(token);
    await verify(token);
  });
});

describe("a recovery code", () => {
  const pending = async (user: Pick<User, "email">): Promise<string> => {
    const request = { email: user.email, password: PASSWORD, rememberMe: false };
    return mfaTokenOf(await auth.call(AuthServiceService.login, bound(login, auth.app), request));
  };
  const use = async (user: Pick<User, "email">, recoveryCode: string) =>
    auth.call(AuthServiceService.verifyMfa, bound(verifyMfa, auth.app), {
      mfaToken: await pending(user),
      factor: { $case: "recoveryCode", value: recoveryCode },
    });

  async function withFactor(): Promise<{ user: User; codes: string[] }> {
    const user = await auth.makeUser();
    const { caller } = await auth.logIn(user);
    const { secret } = await auth.call(AuthServiceService.setUpTotp, bound(setUpTotp, auth.app), {}, caller);
    const code = generateSync({ secret, epoch: Math.floor(auth.clock.now().getTime() / 1000) });
    const { activateTotp: method } = AuthServiceService;
    const { recoveryCodes } = await auth.call(method, bound(activateTotp, auth.app), { code }, caller);
    return { user, codes: recoveryCodes };
  }

  test("inserted, or copied from another account, is refused", async () => {
    const [victim, attacker] = [await withFactor(), await withFactor()];
    await write(
      "INSERT INTO mfa_recovery_codes (user_id, code_hash) VALUES (?, ?)",
      victim.user.id,
      sha256("0".repeat(24)),
    );
    const error = { reason: "INVALID_MFA_CODE" };
    await expectRefused("mfa_recovery_codes", use(victim.user, "0".repeat(24)), error);

    const [code] = attacker.codes;
    await write(
      "UPDATE IGNORE mfa_recovery_codes SET user_id = ? WHERE user_id = ?",
      victim.user.id,
      attacker.user.id,
    );
    await expectRefused("mfa_recovery_codes", use(victim.user, code!), error);
    await use(victim.user, victim.codes[0]!);
  });
});

test.each(["ADMIN", "DOCTOR"])(
  "an account that was made %s in the database can neither sign in nor refresh until the change is undone",
  async (role) => {
    const user = await auth.makeUser();
    const { refreshToken: token } = await auth.logIn(user);
    const set = (to: string) => write("UPDATE users SET role = ? WHERE id = ?", to, user.id);
    await set(role);
    const error = { reason: "UNAUTHENTICATED" };
    await expectRefused("users", auth.logIn(user), error);
    await expectRefused("users", refresh(token), error);
    await set("PATIENT");
    await auth.logIn(user);
    await refresh(token);
  },
);

test("a restart writes no proof for a forged admin, even with an empty audit trail", async () => {
  const user = await auth.makeUser();
  const { refreshToken: token } = await auth.logIn(user);
  await write(
    "UPDATE users SET role = 'ADMIN', account_proof = NULL, password_proof = NULL WHERE id = ?",
    user.id,
  );
  await write("DELETE FROM audit_events");
  await auth.startAnother();
  await expectRefused("users", refresh(token), { reason: "UNAUTHENTICATED" });
  await expectRefused("users", auth.logIn(user), { reason: "INVALID_CREDENTIALS" });
});

describe("a password", () => {
  const INVALID_CREDENTIALS = { reason: "INVALID_CREDENTIALS" };
  const change = (by: UserCaller) =>
    auth.call(
      UserServiceService.changePassword,
      bound(changePassword, auth.app),
      { currentPassword: PASSWORD, newPassword: NEW_PASSWORD },
      by,
    );

  test.each([
    ["its proof", "o.password_proof"],
    ["no proof", "NULL"],
  ])("that was copied from another account with %s can neither sign in nor be changed", async (_, proof) => {
    const [attacker, victim] = [await auth.makeUser(), await auth.makeUser()];
    const { caller } = await auth.logIn(victim);
    await write(
      `UPDATE users u JOIN users o ON o.id = ? SET u.password_hash = o.password_hash, u.password_proof = ${proof}
       WHERE u.id = ?`,
      attacker.id,
      victim.id,
    );
    await expectRefused("users", auth.logIn(victim), INVALID_CREDENTIALS);
    await expectRefused("users", change(caller), INVALID_CREDENTIALS);
    await auth.logIn(attacker);
  });

  test("that its owner changed, or reset by a link, signs in", async () => {
    const user = await auth.makeUser();
    await change((await auth.logIn(user)).caller);
    const logIn = (password: string) => {
      const request = { email: user.email, password, rememberMe: false };
      return auth.call(AuthServiceService.login, bound(login, auth.app), request);
    };
    await logIn(NEW_PASSWORD);
    const { forgotPassword: method } = AuthServiceService;
    await auth.call(method, bound(forgotPassword, auth.app), { email: user.email });
    const mails = await auth.mailsTo(user.email);
    const token = mails.flatMap(({ text }) => /#token=(\S+)/.exec(text)?.[1] ?? []).at(-1)!;
    await reset(token);
    await logIn(NEW_PASSWORD);
  });
});

async function makeServiceAccount(jwks?: ClientKeySet): Promise<{ account: ServiceAccount; secret: string }> {
  const { createServiceAccount: method } = ServiceAccountServiceService;
  const serviceAccount = ServiceAccount.fromPartial({
    name: `System ${newId()}`,
    scopes: ["billing.payments.read"],
    jwks,
  });
  const account = await auth.call(method, bound(createServiceAccount, auth.app), { serviceAccount }, admin);
  return { account, secret: account.clientSecret! };
}

const issue = (clientId: string, clientSecret: string) =>
  auth.call(ServiceAccountServiceService.issueToken, bound(issueToken, auth.app), {
    grantType: "client_credentials",
    clientId,
    clientSecret,
    scope: "",
    clientAssertionType: undefined,
    clientAssertion: undefined,
  });

test("a client secret that was inserted, or reassigned to another service account, is refused", async () => {
  const error = { reason: "INVALID_CLIENT" };
  const [victim, mine] = [await makeServiceAccount(), await makeServiceAccount()];
  await write(
    `INSERT INTO service_account_secrets (id, account_id, secret_hash, session_id, create_time)
     VALUES (?, ?, ?, ?, ?)`,
    newId(),
    victim.account.id,
    sha256("mcs_mine"),
    newId(),
    auth.clock.now(),
  );
  await expectRefused("service_account_secrets", issue(victim.account.id, "mcs_mine"), error);
  await write(
    "UPDATE service_account_secrets SET account_id = ? WHERE account_id = ?",
    victim.account.id,
    mine.account.id,
  );
  await expectRefused("service_account_secrets", issue(victim.account.id, mine.secret), error);
  await issue(victim.account.id, victim.secret);
});

test("a client key that was inserted, or reassigned to another service account, is refused", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const { account: victim } = await makeServiceAccount();
  const assertionFor = (id: string) =>
    new SignJWT({ jti: newId() })
      .setProtectedHeader({ alg: "ES256", kid: "mine" })
      .setIssuer(id)
      .setSubject(id)
      .setAudience("http://localhost:8080")
      .setExpirationTime(new Date(auth.clock.now().getTime() + 30_000))
      .sign(privateKey);
  const present = async (id: string) =>
    await auth.call(ServiceAccountServiceService.issueToken, bound(issueToken, auth.app), {
      grantType: "client_credentials",
      clientId: id,
      clientSecret: undefined,
      scope: "",
      clientAssertionType: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      clientAssertion: await assertionFor(id),
    });
  const jwk = { ...(await exportJWK(publicKey)), kid: "mine" };
  await write(
    "INSERT INTO service_account_keys (account_id, kid, jwk, session_id, create_time) VALUES (?, ?, ?, ?, ?)",
    victim.id,
    "mine",
    JSON.stringify(jwk),
    newId(),
    auth.clock.now(),
  );
  const error = { reason: "INVALID_CLIENT" };
  await expectRefused("service_account_keys", present(victim.id), error);
  const { account: mine } = await makeServiceAccount({ keys: [ClientKey.fromPartial(jwk)] });
  await present(mine.id);
  await write("DELETE FROM service_account_keys WHERE account_id = ?", victim.id);
  await write("UPDATE service_account_keys SET account_id = ? WHERE account_id = ?", victim.id, mine.id);
  await expectRefused("service_account_keys", present(victim.id), error);
});

test("a scope that was added in the database gives no rights", async () => {
  const { account, secret } = await makeServiceAccount();
  const scopes = JSON.stringify([...account.scopes, "scheduling.bookings.read"]);
  await write("UPDATE service_accounts SET scopes = ? WHERE id = ?", scopes, account.id);
  await expectRefused("service_account_secrets", issue(account.id, secret), { reason: "INVALID_CLIENT" });
});
