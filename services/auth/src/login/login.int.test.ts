import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { asAnother, doneOrWaiting } from "@medconnect/platform/testing/interleaving.ts";
import { bound, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { hash as argon2 } from "@node-rs/argon2";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { passwordProof } from "../accounts/account-proofs.ts";
import { disableUser } from "../admin/change-status.ts";
import { SigningKeys } from "../keys/signing-keys.ts";
import { PasswordHasher } from "../passwords/password-hasher.ts";
import { refreshToken } from "../sessions/refresh-token.ts";
import {
  callStats,
  PASSWORD,
  signedIn,
  startTestAuth,
  type TestAuth,
  tokensOf,
} from "../testing/test-auth.ts";
import { login } from "./login.ts";

const INVALID_CREDENTIALS = { reason: "INVALID_CREDENTIALS" };

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const logIn = (email: string, password: string) =>
  auth.call(AuthServiceService.login, bound(login, auth.app), { email, password, rememberMe: false });

const refresh = (token: string) =>
  auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), {
    refreshToken: token,
    idempotencyKey: "",
  });

const disable = (userId: string) =>
  auth.call(
    UserServiceService.disableUser,
    bound(disableUser, auth.app),
    { userId, idempotencyKey: "" },
    userCaller("ADMIN"),
  );

test("a login gets an RFC 9068 access token for five minutes", async () => {
  const user = await auth.makeUser("DOCTOR");
  const tokens = tokensOf(await logIn(user.email.toUpperCase(), PASSWORD));
  expect(tokens).toMatchObject({ tokenType: "Bearer", expiresInSeconds: 300 });
  expect(decodeProtectedHeader(tokens.accessToken)).toMatchObject({ typ: "at+jwt", alg: "EdDSA" });
  const nowS = auth.clock.now().getTime() / 1000;
  expect(decodeJwt(tokens.accessToken)).toMatchObject({
    iss: auth.app.issuer,
    aud: auth.app.audience,
    sub: user.id,
    role: "DOCTOR",
    iat: nowS,
    auth_time: nowS,
    exp: nowS + 300,
  });
});

test("an unknown e-mail, a wrong password and a disabled account get the same error and one audit entry each", async () => {
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

test("the audit trail contains no input of a failed login", async () => {
  const email = `${newId()}@example.com`;
  await expect(logIn(email, "canary-passphrase-4711")).rejects.toMatchObject(INVALID_CREDENTIALS);
  const lines = await auth.app.db.read("SELECT * FROM audit_events");
  expect(JSON.stringify(lines)).not.toContain(email.split("@")[0]);
  expect(JSON.stringify(lines)).not.toContain("canary");
});

test("a weak hash is replaced at the next login", async () => {
  const user = await auth.makeUser();
  const weak = await argon2(PASSWORD, { memoryCost: 4096, timeCost: 1 });
  const proof = passwordProof(auth.app.hash, user.id, weak);
  await auth.app.db.write("UPDATE users SET password_hash = ?, password_proof = ? WHERE id = ?", [
    weak,
    proof,
    binaryId(user.id),
  ]);
  const app = { ...auth.app, hasher: new PasswordHasher({ atOnce: 4, waiting: 10 }) };
  const request = { email: user.email, password: PASSWORD, rememberMe: false };
  const logIn = () => auth.call(AuthServiceService.login, bound(login, app), request);
  expect(await callStats(Array.from({ length: 4 }, logIn))).toEqual({ ok: 4 });
  const [row] = await auth.app.db.read<{ passwordHash: string }>(
    "SELECT password_hash AS passwordHash FROM users WHERE id = ?",
    [binaryId(user.id)],
  );
  expect(row!.passwordHash).toContain("$argon2id$v=19$m=19456,t=2,p=1$");
  await auth.logIn(user);
});

test("disabling an account during a login leaves no live session", async () => {
  const user = await auth.makeUser();
  let disabling: Promise<unknown> | undefined;
  class SlowKeys extends SigningKeys {
    override async current() {
      // At this point the login has locked the account, but has not committed its session.
      const disabled = asAnother(disable, user.id);
      disabling = disabled;
      await asAnother(() => doneOrWaiting(auth.app.db, disabled));
      return await super.current();
    }
  }
  const app = { ...auth.app, signingKeys: new SlowKeys(auth.app) };
  const request = { email: user.email, password: PASSWORD, rememberMe: false };
  const answer = await auth.call(AuthServiceService.login, bound(login, app), request);
  await disabling;
  const session = signedIn(tokensOf(answer));
  expect(await auth.isRevoked(session)).toBe(true);
  await expect(refresh(session.refreshToken)).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
});
