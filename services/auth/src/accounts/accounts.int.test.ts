import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import {
  AuthServiceService,
  type RegisterRequest,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { User, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { register } from "../registration/register.ts";
import { callStats, PASSWORD, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { getMe } from "./get-me.ts";
import { updateMe } from "./update-me.ts";

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const signUp = (change: Partial<RegisterRequest> = {}) =>
  auth.call(AuthServiceService.register, bound(register, auth.app), {
    email: `${newId()}@example.com`,
    password: PASSWORD,
    fullName: "Jo Doe",
    role: "PATIENT",
    ...change,
  });

/** A new user, with functions that read and change the profile. */
async function someone() {
  const user = await auth.makeUser();
  const { caller } = await auth.logIn(user);
  return {
    user,
    read: () => auth.call(UserServiceService.getMe, bound(getMe, auth.app), {}, caller),
    update: (patch: Partial<User>, updateMask?: string[]) =>
      auth.call(
        UserServiceService.updateMe,
        bound(updateMe, auth.app),
        { user: User.fromPartial(patch), updateMask },
        caller,
      ),
  };
}

test("an account is made, audited and published", async () => {
  const email = `${newId()}@Example.COM`;
  const user = await signUp({ email, fullName: " Jo Doe ", role: "DOCTOR" });
  expect(user).toMatchObject({
    email: email.toLowerCase(),
    fullName: "Jo Doe",
    role: "DOCTOR",
    status: "ACTIVE",
    mfaEnabled: false,
  });
  expect(await auth.auditOf(user.id)).toEqual(["user.register SUCCESS"]);
  expect(await auth.eventsOf(user.id)).toEqual(["user.created"]);
});

test("one of many concurrent registrations of an e-mail, in any letter case, succeeds", async () => {
  const email = `${newId()}@example.com`;
  const attempts = Array.from({ length: 20 }, (_, i) =>
    signUp({ email: i % 2 === 0 ? email : email.toUpperCase() }),
  );
  expect(await callStats(attempts)).toEqual({ ok: 1, EMAIL_TAKEN: 19 });
});

test("a weak password and a blank name are refused", async () => {
  await expect(signUp({ password: "password1234" })).rejects.toMatchObject({ reason: "WEAK_PASSWORD" });
  await expect(signUp({ fullName: " \t" })).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
});

test("an update changes the fields of its mask, or those that it gives", async () => {
  const { user, update, read } = await someone();
  await update({ phone: "+15551234567", timeZone: "Europe/Berlin", dateOfBirth: "1980-05-17" });
  await update({ fullName: "Ignored", phone: "" }, ["phone"]);
  expect(await read()).toEqual({
    ...user,
    timeZone: "Europe/Berlin",
    dateOfBirth: "1980-05-17",
    etag: "0003",
  });
});

test("a new name is published, a new phone number is not", async () => {
  const { user, update } = await someone();
  await update({ phone: "+15551234567" });
  await update({ fullName: "Jo Roe" });
  await update({ fullName: "Jo Roe" });
  expect(await auth.eventsOf(user.id)).toEqual(["user.created", "user.updated"]);
  expect(await auth.auditOf(user.id)).toEqual([
    "user.register SUCCESS",
    "session.login SUCCESS",
    "user.update_me SUCCESS",
    "user.update_me SUCCESS",
  ]);
});

test("no concurrent update is lost", async () => {
  const { update, read } = await someone();
  const updates = Array.from({ length: 20 }, (_, i) =>
    update(i % 2 === 0 ? { phone: `+155512345${10 + i}` } : { fullName: `Name ${i}` }),
  );
  expect(await callStats(updates)).toEqual({ ok: 20 });
  expect((await read()).etag).toBe((21).toString(36).padStart(4, "0"));
});

test("one of many updates with the same ETag succeeds", async () => {
  const { user, update } = await someone();
  const updates = Array.from({ length: 10 }, (_, i) => update({ fullName: `Name ${i}`, etag: user.etag }));
  expect(await callStats(updates)).toEqual({ ok: 1, ETAG_MISMATCH: 9 });
});
