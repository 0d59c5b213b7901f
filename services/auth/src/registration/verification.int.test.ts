import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import {
  AuthServiceService,
  type RegisterRequest,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { findAccountByEmail } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { login } from "../login/login.ts";
import { resetPassword } from "../passwords/reset-password.ts";
import { callStats, PASSWORD, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { register } from "./register.ts";
import { deleteExpiredRegistrations } from "./registration-store.ts";
import { verifyEmail } from "./verify-email.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const OTHER_PASSWORD = "quite another passphrase";
const INVALID_CREDENTIALS = { reason: "INVALID_CREDENTIALS" };
const INVALID_LINK_TOKEN = { reason: "INVALID_LINK_TOKEN" };
const NOTHING = User.fromPartial({});

let auth: TestAuth;
let app: Auth;
beforeAll(async () => {
  auth = await startTestAuth();
  app = { ...auth.app, mustVerifyEmail: true };
});
afterAll(() => auth.close());

const newEmail = () => `${newId()}@example.com`;
const signUp = (email: string, password = PASSWORD, from?: string, by: Partial<RegisterRequest> = {}) => {
  const request: RegisterRequest = { email, password, fullName: "Jo Doe", role: "PATIENT", ...by };
  return auth.call(AuthServiceService.register, bound(register, app), request, undefined, from);
};
const logIn = (email: string, password = PASSWORD) =>
  auth.call(AuthServiceService.login, bound(login, app), { email, password, rememberMe: false });
const verify = (token: string, password = PASSWORD) =>
  auth.call(AuthServiceService.verifyEmail, bound(verifyEmail, app), { token, password });
const registrationsOf = (email: string) =>
  app.db.read("SELECT 1 FROM registrations WHERE email = ?", [email]);

const subjectsTo = async (email: string) => (await auth.mailsTo(email)).map(({ subject }) => subject);
const tokensTo = async (email: string) =>
  (await auth.mailsTo(email)).flatMap(({ text }) => text.match(/verify-email#token=(\S+)/)?.[1] ?? []);

test("an account exists only after its link was followed with the registration's password", async () => {
  const email = newEmail();
  expect(await signUp(email)).toEqual(NOTHING);
  expect(await findAccountByEmail(app.db, email)).toBeUndefined();
  await expect(logIn(email)).rejects.toMatchObject(INVALID_CREDENTIALS);
  const [token] = await tokensTo(email);
  await verify(token!);
  await logIn(email);
  const account = await findAccountByEmail(app.db, email);
  expect(account).toMatchObject({ emailVerified: true, version: 1, createTime: app.clock.now() });
  expect(await auth.auditOf(account!.id)).toEqual([
    "user.register SUCCESS",
    "email.verify SUCCESS",
    "session.login SUCCESS",
  ]);
  expect(await auth.eventsOf(account!.id)).toEqual(["user.created"]);
});

test("a link that makes no account is audited as a failure", async () => {
  const failures = () =>
    app.db.read<{ resource: string }>(
      `SELECT resource FROM audit_events WHERE action = 'email.verify' AND outcome = 'FAILURE'`,
    );
  const before = await failures();
  await expect(verify("no-such-token")).rejects.toMatchObject(INVALID_LINK_TOKEN);
  const email = newEmail();
  for (const password of [OTHER_PASSWORD, PASSWORD]) await signUp(email, password);
  const [first, second] = await tokensTo(email);
  await verify(second!);
  await expect(verify(first!, OTHER_PASSWORD)).rejects.toMatchObject(INVALID_LINK_TOKEN);
  const added = (await failures()).slice(before.length).map(({ resource }) => resource);
  expect(added).toEqual(["registrations/-", "registrations/-"]);
});

/**
 * Each case has three parts: the steps that the stranger and the owner of the address take, in order; who can
 * sign in afterwards; and the outcome of each followed link.
 */
describe("an address that a stranger registers as well", () => {
  const STRANGER = { password: OTHER_PASSWORD, fullName: "Str Anger", role: "DOCTOR" } as const;
  const OWNER = { password: PASSWORD, fullName: "Jo Doe", role: "PATIENT" } as const;
  type Step =
    | "stranger registers"
    | "owner registers"
    | "owner follows the first link"
    | "owner follows the second link"
    | "a day passes"
    | "a sweep";

  test.each<[Step[], "owner" | "nobody", string[]]>([
    [["stranger registers", "owner follows the first link"], "nobody", ["INVALID_CREDENTIALS"]],
    [["stranger registers", "owner registers", "owner follows the second link"], "owner", ["ok"]],
    [["owner registers", "stranger registers", "owner follows the first link"], "owner", ["ok"]],
    [
      [
        "stranger registers",
        "owner registers",
        "owner follows the first link",
        "owner follows the second link",
      ],
      "owner",
      ["INVALID_CREDENTIALS", "ok"],
    ],
    [
      [
        "stranger registers",
        "owner registers",
        "owner follows the second link",
        "owner follows the first link",
      ],
      "owner",
      ["ok", "INVALID_LINK_TOKEN"],
    ],
    [
      [
        "stranger registers",
        "a day passes",
        "owner registers",
        "owner follows the first link",
        "owner follows the second link",
      ],
      "owner",
      ["INVALID_LINK_TOKEN", "ok"],
    ],
    [
      ["stranger registers", "a day passes", "a sweep", "owner registers", "owner follows the second link"],
      "owner",
      ["ok"],
    ],
    [
      ["owner registers", "a day passes", "a sweep", "owner follows the first link"],
      "nobody",
      ["INVALID_LINK_TOKEN"],
    ],
    [
      ["owner registers", "owner follows the first link", "stranger registers", "a day passes", "a sweep"],
      "owner",
      ["ok"],
    ],
  ])("%j: %s signs in", async (steps, winner, outcomes) => {
    const email = newEmail();
    const follow = async (index: number) => {
      const token = (await tokensTo(email))[index]!;
      return await verify(token, OWNER.password).then(
        () => "ok",
        ({ reason }) => reason as string,
      );
    };
    const take: Record<Step, () => Promise<unknown>> = {
      "stranger registers": () => signUp(email, STRANGER.password, "198.51.100.66", STRANGER),
      "owner registers": () => signUp(email, OWNER.password, "203.0.113.7", OWNER),
      "owner follows the first link": () => follow(0),
      "owner follows the second link": () => follow(1),
      "a day passes": async () => auth.clock.advance(DAY_MS),
      "a sweep": () => deleteExpiredRegistrations(app.db, app.clock.now()),
    };
    const followed: unknown[] = [];
    for (const step of steps) {
      const outcome = await take[step]();
      // Sends the queued mails now. After a later step their links may have expired, and a mail with an
      // expired link is never sent.
      await auth.mailsTo(email);
      if (typeof outcome === "string") followed.push(outcome);
    }
    expect(followed).toEqual(outcomes);
    await expect(logIn(email, STRANGER.password)).rejects.toMatchObject(INVALID_CREDENTIALS);
    if (winner === "nobody") await expect(logIn(email)).rejects.toMatchObject(INVALID_CREDENTIALS);
    else await logIn(email);
    const account = await findAccountByEmail(app.db, email);
    const { fullName, role } = OWNER;
    expect(account).toEqual(winner === "nobody" ? undefined : expect.objectContaining({ fullName, role }));
  });
});

test("an unverified registration is deleted", async () => {
  const email = newEmail();
  await signUp(email);
  auth.clock.advance(DAY_MS - 1);
  await deleteExpiredRegistrations(app.db, app.clock.now());
  expect(await registrationsOf(email)).toHaveLength(1);
  auth.clock.advance(1);
  await deleteExpiredRegistrations(app.db, app.clock.now());
  expect(await registrationsOf(email)).toEqual([]);
});

test("one of two registrations whose links are followed concurrently becomes the account", async () => {
  const email = newEmail();
  await signUp(email);
  await signUp(email, OTHER_PASSWORD);
  const [one, other] = await tokensTo(email);
  const attempts = Array.from({ length: 10 }, (_, i) =>
    i % 2 === 0 ? verify(one!) : verify(other!, OTHER_PASSWORD),
  );
  expect(await callStats(attempts)).toEqual({ ok: 5, INVALID_LINK_TOKEN: 5 });
  const signIns = [logIn(email), logIn(email, OTHER_PASSWORD)];
  expect(await callStats(signIns)).toEqual({ ok: 1, INVALID_CREDENTIALS: 1 });
  const account = await findAccountByEmail(app.db, email);
  expect(await auth.eventsOf(account!.id)).toEqual(["user.created"]);
});

test("a wrong password with a link counts as a failed login", async () => {
  const email = newEmail();
  await signUp(email);
  const [token] = await tokensTo(email);
  for (let i = 0; i < 5; i++)
    await expect(verify(token!, "wrong")).rejects.toMatchObject(INVALID_CREDENTIALS);
  await expect(verify(token!)).rejects.toMatchObject(INVALID_CREDENTIALS);
  auth.clock.advance(MINUTE_MS);
  await verify(token!);
});

test("a repeated link checks and counts no password, and its registration stores none", async () => {
  const email = newEmail();
  await signUp(email);
  const [token] = await tokensTo(email);
  await verify(token!);
  for (let i = 0; i < 5; i++) await verify(token!, "chosen since then");
  await logIn(email);
  const sql = "SELECT password_hash AS passwordHash FROM registrations WHERE email = ?";
  expect(await app.db.read(sql, [email])).toEqual([{ passwordHash: "" }]);
});

test("an empty response has no bytes, by which the gateway recognizes it", () => {
  expect(User.encode(NOTHING).finish()).toHaveLength(0);
});

test("a known e-mail gets the response of a new one, and its owner a mail", async () => {
  const email = newEmail();
  await signUp(email);
  await verify((await tokensTo(email))[0]!);
  expect(await signUp(email, OTHER_PASSWORD)).toEqual(NOTHING);
  expect(await subjectsTo(email)).toEqual(["Confirm your e-mail address", "You have an account already"]);
  await logIn(email);
});

test.each(["unknown", "known"])(
  "an %s address gets at most 3 mails an hour from a network, 6 from an IPv6 site, 10 in total, and the same responses",
  async (kind) => {
    const email = newEmail();
    if (kind === "known") {
      await signUp(email);
      await verify((await tokensTo(email))[0]!);
      auth.clock.advance(HOUR_MS);
    }
    const before = (await auth.mailsTo(email)).length;
    const mailed = async () => (await auth.mailsTo(email)).length - before;
    const attempts = (from: (i: number) => string) =>
      callStats(Array.from({ length: 12 }, (_, i) => signUp(email, PASSWORD, from(i))));
    expect(await attempts((i) => `2001:db8::${i}`)).toEqual({ ok: 12 });
    expect(await mailed()).toBe(3);
    expect(await attempts((i) => `2001:db8:0:${i}::1`)).toEqual({ ok: 12 });
    expect(await mailed()).toBe(6);
    expect(await attempts((i) => `203.0.113.${i}`)).toEqual({ ok: 12 });
    expect(await mailed()).toBe(10);
    auth.clock.advance(HOUR_MS);
    await signUp(email);
    expect(await mailed()).toBe(11);
  },
);

test("a login to an unverified account mails a link that resets the password", async () => {
  const { email } = await auth.makeUser();
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
  await expect(logIn(email)).rejects.toMatchObject(INVALID_CREDENTIALS);
  const mails = await auth.mailsTo(email);
  expect(mails.map(({ subject }) => subject)).toEqual(["Choose a new password"]);
  const token = mails[0]!.text.match(/reset-password#token=(\S+)/)![1]!;
  const request = { token, password: OTHER_PASSWORD };
  await auth.call(AuthServiceService.resetPassword, bound(resetPassword, app), request);
  await logIn(email, OTHER_PASSWORD);
});

test("a link works repeatedly for a day", async () => {
  const email = newEmail();
  await signUp(email);
  const [token] = await tokensTo(email);
  expect(await callStats(Array.from({ length: 5 }, () => verify(token!)))).toEqual({ ok: 5 });
  const account = await findAccountByEmail(app.db, email);
  expect((await auth.auditOf(account!.id)).filter((line) => line.startsWith("email.verify"))).toHaveLength(1);
  auth.clock.advance(DAY_MS);
  await expect(verify(token!)).rejects.toMatchObject(INVALID_LINK_TOKEN);
});

test("without required verification nothing is mailed and a new user can sign in", async () => {
  const user = await auth.makeUser();
  await auth.logIn(user);
  expect(await subjectsTo(user.email)).toEqual([]);
});
