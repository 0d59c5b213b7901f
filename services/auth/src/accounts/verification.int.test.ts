import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Auth } from "../app.ts";
import { login } from "../sessions/login.ts";
import { PASSWORD, startTestAuth, type TestAuth, tally } from "../testing/test-auth.ts";
import { findAccountByEmail } from "./account-store.ts";
import { register } from "./register.ts";
import { verifyEmail } from "./verify-email.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const INVALID_CREDENTIALS = { reason: "INVALID_CREDENTIALS" };
const NOTHING = User.fromPartial({});

let auth: TestAuth;
let app: Auth;
beforeAll(async () => {
  auth = await startTestAuth();
  app = { ...auth.app, mustVerifyEmail: true };
});
afterAll(() => auth.close());

const newEmail = () => `${newId()}@example.com`;
const signUp = (email: string, password = PASSWORD) =>
  auth.call(AuthServiceService.register, register(app), {
    email,
    password,
    fullName: "Jo Doe",
    role: "PATIENT",
  });
const logIn = (email: string, password = PASSWORD) =>
  auth.call(AuthServiceService.login, login(app), { email, password, rememberMe: false });
const verify = (token: string) => auth.call(AuthServiceService.verifyEmail, verifyEmail(app), { token });

const subjectsTo = async (email: string) => (await auth.mailsTo(email)).map(({ subject }) => subject);
const tokensTo = async (email: string) =>
  (await auth.mailsTo(email)).flatMap(({ text }) => text.match(/verify-email#token=(\S+)/)?.[1] ?? []);

test("nobody signs in before they have followed the link that was mailed to them", async () => {
  const email = newEmail();
  expect(await signUp(email)).toEqual(NOTHING);
  await expect(logIn(email)).rejects.toMatchObject(INVALID_CREDENTIALS);
  const [token] = await tokensTo(email);
  await verify(token!);
  await logIn(email);
  const account = await findAccountByEmail(app.db, email);
  expect(account).toMatchObject({ emailVerified: true, version: 2 });
  expect(await auth.auditOf(account!.id)).toEqual([
    "user.register SUCCESS",
    "session.login FAILURE",
    "email.verify SUCCESS",
    "session.login SUCCESS",
  ]);
  expect(await auth.eventsOf(account!.id)).toEqual(["user.created"]);
});

test("an answer with nothing in it has no bytes, by which the gateway tells it", () => {
  expect(User.encode(NOTHING).finish()).toHaveLength(0);
});

test("a known e-mail is answered as a new one; its owner gets a mail, once in five minutes", async () => {
  const email = newEmail();
  await signUp(email);
  await verify((await tokensTo(email))[0]!);
  for (let i = 0; i < 3; i++) expect(await signUp(email, `quite another passphrase ${i}`)).toEqual(NOTHING);
  expect(await subjectsTo(email)).toEqual(["Confirm your e-mail address", "You have an account already"]);
  await logIn(email);
});

test("many who register one e-mail at once are answered alike, and one account is made", async () => {
  const email = newEmail();
  expect(await tally(Array.from({ length: 10 }, () => signUp(email)))).toEqual({ ok: 10 });
  expect(await tokensTo(email)).toHaveLength(1);
});

test("the right password for an address that is not verified brings another link, a wrong one does not", async () => {
  const email = newEmail();
  await signUp(email);
  const refusals = await Promise.all(
    [logIn(email), logIn(email, "not my passphrase")].map((attempt) =>
      attempt.then(
        () => undefined,
        (error) => ({ ...error, stack: undefined }),
      ),
    ),
  );
  expect(refusals[0]).toMatchObject(INVALID_CREDENTIALS);
  expect(refusals[1]).toEqual(refusals[0]);
  expect(await tokensTo(email)).toHaveLength(2);
  await expect(logIn(email)).rejects.toMatchObject(INVALID_CREDENTIALS);
  expect(await tokensTo(email)).toHaveLength(2);
});

test("a link works more than once, for a day", async () => {
  const email = newEmail();
  await signUp(email);
  const [token] = await tokensTo(email);
  await verify(token!);
  await verify(token!);
  const account = await findAccountByEmail(app.db, email);
  expect((await auth.auditOf(account!.id)).filter((line) => line.startsWith("email.verify"))).toHaveLength(1);
  auth.clock.advance(DAY_MS);
  await expect(verify(token!)).rejects.toMatchObject({ reason: "INVALID_LINK_TOKEN" });
});

test("where addresses need not be verified, nothing is mailed and everybody signs in", async () => {
  const user = await auth.makeUser();
  await auth.logIn(user);
  expect(await subjectsTo(user.email)).toEqual([]);
});
