import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { getMe } from "../accounts/get-me.ts";
import { disableUser } from "../admin/change-status.ts";
import { deleteExpiredLinkTokens } from "../links/link-token-store.ts";
import { login } from "../login/login.ts";
import { refreshToken } from "../sessions/refresh-token.ts";
import { callStats, PASSWORD, type SignedIn, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { changePassword } from "./change-password.ts";
import { forgotPassword } from "./forgot-password.ts";
import { resetPassword } from "./reset-password.ts";

const MINUTE_MS = 60_000;
const NEW_PASSWORD = "quite another passphrase";
const INVALID_CREDENTIALS = { reason: "INVALID_CREDENTIALS" };
const INVALID_LINK_TOKEN = { reason: "INVALID_LINK_TOKEN" };

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const logIn = (email: string, password: string) =>
  auth.call(AuthServiceService.login, bound(login, auth.app), { email, password, rememberMe: false });
const forgot = (email: string) =>
  auth.call(AuthServiceService.forgotPassword, bound(forgotPassword, auth.app), { email });
const reset = (token: string, password = NEW_PASSWORD) =>
  auth.call(AuthServiceService.resetPassword, bound(resetPassword, auth.app), { token, password });
const change = ({ caller }: SignedIn, currentPassword: string, newPassword = NEW_PASSWORD) =>
  auth.call(
    UserServiceService.changePassword,
    bound(changePassword, auth.app),
    { currentPassword, newPassword },
    caller,
  );
const refresh = (session: SignedIn) =>
  auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), {
    refreshToken: session.refreshToken,
    idempotencyKey: "",
  });
const disable = (userId: string) =>
  auth.call(
    UserServiceService.disableUser,
    bound(disableUser, auth.app),
    { userId, idempotencyKey: "" },
    userCaller("ADMIN"),
  );

/** Tokens of the links in all mails to an address, oldest first. */
const tokensTo = async (email: string) =>
  (await auth.mailsTo(email)).flatMap(({ text }) => text.match(/#token=(\S+)/)?.[1] ?? []);
const subjectsTo = async (email: string) => (await auth.mailsTo(email)).map(({ subject }) => subject);

/** Makes a user who has forgotten the password, and returns the token of the mailed link. */
async function forgetful() {
  const user = await auth.makeUser();
  await forgot(user.email.toUpperCase());
  const [token] = await tokensTo(user.email);
  return { user, token: token! };
}

test("a link resets the password, ends all sessions, and its owner gets a mail", async () => {
  const { user, token } = await forgetful();
  const session = await auth.logIn(user);
  await reset(token);
  await expect(logIn(user.email, PASSWORD)).rejects.toMatchObject(INVALID_CREDENTIALS);
  await logIn(user.email, NEW_PASSWORD);
  await expect(refresh(session)).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  expect(await subjectsTo(user.email)).toEqual(["Choose a new password", "Your password was changed"]);
  expect(await auth.auditOf(user.id)).toEqual(
    expect.arrayContaining(["password.forgot SUCCESS", "password.reset SUCCESS"]),
  );
});

test("a link also verifies the e-mail address", async () => {
  const { user, token } = await forgetful();
  expect(user.emailVerified).toBe(false);
  await reset(token);
  const me = await auth.call(
    UserServiceService.getMe,
    bound(getMe, auth.app),
    {},
    userCaller("PATIENT", user.id),
  );
  expect(me.emailVerified).toBe(true);
});

test("one of many concurrent uses of a link succeeds", async () => {
  const { user, token } = await forgetful();
  const uses = Array.from({ length: 10 }, (_, i) => reset(token, `${NEW_PASSWORD} ${i}`));
  expect(await callStats(uses)).toEqual({ ok: 1, INVALID_LINK_TOKEN: 9 });
  expect((await subjectsTo(user.email)).filter((s) => s === "Your password was changed")).toHaveLength(1);
});

test("a weak password leaves the link valid", async () => {
  const { token } = await forgetful();
  await expect(reset(token, "password1234")).rejects.toMatchObject({ reason: "WEAK_PASSWORD" });
  await reset(token);
});

test.each([
  ["that is half an hour old", async () => auth.clock.advance(30 * MINUTE_MS)],
  ["of an account that was disabled", async (userId: string) => disable(userId)],
])("a link %s is void", async (_, happens) => {
  const { user, token } = await forgetful();
  await happens(user.id);
  await expect(reset(token)).rejects.toMatchObject(INVALID_LINK_TOKEN);
});

test("any change of the password voids its links", async () => {
  const { user, token } = await forgetful();
  auth.clock.advance(5 * MINUTE_MS);
  await forgot(user.email);
  const [, second] = await tokensTo(user.email);
  await reset(token);
  await expect(reset(second!)).rejects.toMatchObject(INVALID_LINK_TOKEN);

  const other = await forgetful();
  await change(await auth.logIn(other.user), PASSWORD);
  await expect(reset(other.token)).rejects.toMatchObject(INVALID_LINK_TOKEN);
});

test("an unknown token is refused and audited", async () => {
  await expect(reset("x")).rejects.toMatchObject(INVALID_LINK_TOKEN);
  const [line] = await auth.app.db.read(
    "SELECT resource, outcome FROM audit_events WHERE action = 'password.reset' ORDER BY id DESC LIMIT 1",
  );
  expect(line).toEqual({ resource: "users/-", outcome: "FAILURE" });
});

test("an unknown, a disabled and a recently mailed e-mail get the usual response and no mail", async () => {
  const { user } = await forgetful();
  const gone = await auth.makeUser();
  await disable(gone.id);
  const nobody = `${newId()}@example.com`;
  for (const email of [user.email, gone.email, nobody]) expect(await forgot(email)).toEqual({});
  expect(await tokensTo(user.email)).toHaveLength(1);
  expect(await tokensTo(gone.email)).toEqual([]);
  expect(await tokensTo(nobody)).toEqual([]);
});

test("the response time is constant, with a mail or without", async () => {
  const user = await auth.makeUser();
  // Other load on the machine only makes a run slower, so the test compares the shortest of many runs.
  const shortestOf = async (email: () => string) => {
    const times: number[] = [];
    for (let i = 0; i < 15; i++) {
      auth.clock.advance(5 * MINUTE_MS);
      const began = performance.now();
      await forgot(email());
      times.push(performance.now() - began);
    }
    return Math.min(...times);
  };
  const known = await shortestOf(() => user.email);
  const unknown = await shortestOf(() => `${newId()}@example.com`);
  expect(Math.min(known, unknown)).toBeGreaterThan(98);
  expect(Math.abs(known - unknown)).toBeLessThan(0.1 * unknown);
});

test("concurrent requests mail an account one link in five minutes", async () => {
  const user = await auth.makeUser();
  expect(await callStats(Array.from({ length: 20 }, () => forgot(user.email)))).toEqual({ ok: 20 });
  expect(await tokensTo(user.email)).toHaveLength(1);
  auth.clock.advance(5 * MINUTE_MS);
  await forgot(user.email);
  expect(await tokensTo(user.email)).toHaveLength(2);
});

test("the token is stored as a hash, and deleted when it expires", async () => {
  const { token } = await forgetful();
  const rows = await auth.app.db.read<{ tokenHash: Buffer }>(
    "SELECT token_hash AS tokenHash FROM link_tokens",
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row.tokenHash.includes(token)).toBe(false);
  auth.clock.advance(30 * MINUTE_MS);
  await deleteExpiredLinkTokens(auth.app.db, auth.clock.now());
  expect(await auth.app.db.read("SELECT 1 FROM link_tokens")).toEqual([]);
});

test("the old password changes it, and only the other sessions end", async () => {
  const user = await auth.makeUser();
  const [here, there] = [await auth.logIn(user), await auth.logIn(user)];
  await change(here, PASSWORD);
  await expect(logIn(user.email, PASSWORD)).rejects.toMatchObject(INVALID_CREDENTIALS);
  await logIn(user.email, NEW_PASSWORD);
  await refresh(here);
  await expect(refresh(there)).rejects.toMatchObject({ reason: "INVALID_REFRESH_TOKEN" });
  expect(await subjectsTo(user.email)).toEqual(["Your password was changed"]);
  expect(await auth.auditOf(user.id)).toContain("password.change SUCCESS");
});

test("a wrong current password is refused and audited", async () => {
  const user = await auth.makeUser();
  const session = await auth.logIn(user);
  await expect(change(session, "not my passphrase")).rejects.toMatchObject(INVALID_CREDENTIALS);
  await expect(change(session, PASSWORD, "password1234")).rejects.toMatchObject({ reason: "WEAK_PASSWORD" });
  await logIn(user.email, PASSWORD);
  expect(await auth.auditOf(user.id)).toContain("password.change FAILURE");
  expect(await subjectsTo(user.email)).toEqual([]);
});

test("one of many concurrent changes with the same old password succeeds", async () => {
  const user = await auth.makeUser();
  const session = await auth.logIn(user);
  auth.clock.advance(1);
  const changes = Array.from({ length: 5 }, (_, i) => change(session, PASSWORD, `${NEW_PASSWORD} ${i}`));
  expect(await callStats(changes)).toEqual({ ok: 1, INVALID_CREDENTIALS: 4 });
});
