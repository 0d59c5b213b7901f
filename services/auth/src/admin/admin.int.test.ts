import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import {
  type ListUsersRequest,
  UserServiceService,
} from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { login } from "../login/login.ts";
import { PASSWORD, startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { disableUser, enableUser } from "./change-status.ts";
import { createAdmin } from "./create-admin.ts";
import { getUser } from "./get-user.ts";
import { getUserStats } from "./get-user-stats.ts";
import { listUsers } from "./list-users.ts";

const DAY_MS = 86_400_000;
const admin = userCaller("ADMIN");

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

const list = (change: Partial<ListUsersRequest> = {}) =>
  auth.call(
    UserServiceService.listUsers,
    bound(listUsers, auth.app),
    {
      pageSize: 0,
      pageToken: "",
      role: "ROLE_UNSPECIFIED",
      status: "STATUS_UNSPECIFIED",
      email: "",
      userIds: [],
      ...change,
    },
    admin,
  );
const get = (userId: string) =>
  auth.call(UserServiceService.getUser, bound(getUser, auth.app), { userId }, admin);
const disable = (userId: string, idempotencyKey = "") =>
  auth.call(UserServiceService.disableUser, bound(disableUser, auth.app), { userId, idempotencyKey }, admin);
const enable = async (userId: string, idempotencyKey = "", by?: Caller) =>
  auth.call(
    UserServiceService.enableUser,
    bound(enableUser, auth.app),
    { userId, idempotencyKey },
    by ?? (await auth.signInAdmin()),
  );
const stats = () => auth.call(UserServiceService.getUserStats, bound(getUserStats, auth.app), {}, admin);

test("figures count accounts by role, and those of the last seven days by date", async () => {
  const noDays = Object.fromEntries(
    [26, 27, 28, 29, 30, 31].map((day) => [`2029-12-${day}`, 0]).concat([["2030-01-01", 0]]),
  );
  expect(await stats()).toEqual({
    usersByRole: { PATIENT: 0, DOCTOR: 0, ADMIN: 0 },
    registrationsByDay: noDays,
  });
  await auth.makeUser();
  auth.clock.advance(6 * DAY_MS);
  await auth.makeUser("DOCTOR");
  await auth.makeUser();
  expect(await stats()).toMatchObject({
    usersByRole: { PATIENT: 2, DOCTOR: 1, ADMIN: 0 },
    registrationsByDay: { "2030-01-01": 1, "2030-01-02": 0, "2030-01-07": 2 },
  });
  auth.clock.advance(DAY_MS);
  expect(Object.keys((await stats()).registrationsByDay)).not.toContain("2030-01-01");
});

test("fifty concurrent calls for figures share one count on the pool of scans", async () => {
  const [scans, reads] = [jest.spyOn(auth.app.db, "scan"), jest.spyOn(auth.app.db, "read")];
  const figures = bound(getUserStats, { ...auth.app });
  const read = () => auth.call(UserServiceService.getUserStats, figures, {}, admin);
  await Promise.all(Array.from({ length: 50 }, read));
  expect([scans.mock.calls.length, reads.mock.calls.length]).toEqual([2, 0]);
  jest.restoreAllMocks();
});

test("the list shows each account once, newest first, in pages", async () => {
  const made = [];
  for (let i = 0; i < 7; i++) {
    // Some users have the same `createTime`, so that their ids decide the order.
    if (i % 2 === 0) auth.clock.advance(1000);
    made.push((await auth.makeUser("DOCTOR")).id);
  }
  const listed: string[] = [];
  let pageToken = "";
  do {
    const page = await list({ pageSize: 3, pageToken, role: "DOCTOR" });
    listed.push(...page.users.map((user) => user.id));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(listed.slice(0, 7)).toEqual([...made].reverse());
  expect(new Set(listed).size).toBe(listed.length);
});

test("the list shows only the requested accounts", async () => {
  const [one, other] = [await auth.makeUser("DOCTOR"), await auth.makeUser("DOCTOR"), await auth.makeUser()];
  const named = { userIds: [one.id, other.id, newId()] };
  const { users } = await list(named);
  expect(users.map(({ id }) => id).toSorted()).toEqual([one.id, other.id].toSorted());
  const { nextPageToken } = await list({ ...named, pageSize: 1 });
  await expect(list({ pageToken: nextPageToken, userIds: [one.id] })).rejects.toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
  });
});

test("role, status and e-mail filter the list, and bind its page token", async () => {
  const doctor = await auth.makeUser("DOCTOR");
  await disable(doctor.id);
  const disabled = await list({ role: "DOCTOR", status: "DISABLED" });
  expect(disabled.users.map((user) => user.id)).toEqual([doctor.id]);
  expect((await list({ email: doctor.email.toUpperCase() })).users).toHaveLength(1);
  const { nextPageToken } = await list({ pageSize: 1 });
  await expect(list({ pageToken: nextPageToken, role: "DOCTOR" })).rejects.toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
  });
});

test("an admin's reads of accounts are audited", async () => {
  const user = await auth.makeUser();
  expect((await get(user.id)).email).toBe(user.email);
  await list({ email: user.email });
  expect((await auth.auditOf(user.id)).slice(-2)).toEqual(["user.get SUCCESS", "user.list SUCCESS"]);
  await expect(get(newId())).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("repeated calls disable and enable an account once", async () => {
  const user = await auth.makeUser();
  expect(await disable(user.id)).toMatchObject({ status: "DISABLED", etag: "0002" });
  expect(await disable(user.id)).toMatchObject({ status: "DISABLED", etag: "0002" });
  expect(await enable(user.id)).toMatchObject({ status: "ACTIVE", etag: "0003" });
  expect(await enable(user.id)).toMatchObject({ status: "ACTIVE", etag: "0003" });
  expect(await auth.eventsOf(user.id)).toEqual(["user.created", "user.disabled", "user.enabled"]);
  // A repeated call is audited as a read.
  expect((await auth.auditOf(user.id)).slice(1)).toEqual([
    "user.disable SUCCESS",
    "user.get SUCCESS",
    "user.enable SUCCESS",
    "user.get SUCCESS",
  ]);
  await auth.logIn(user);
});

test("a replayed response is audited as a read of the account", async () => {
  const [user, by] = [await auth.makeUser(), await auth.signInAdmin()];
  const [disabling, enabling] = [newId(), newId()];
  for (let i = 0; i < 3; i++) await disable(user.id, disabling);
  for (let i = 0; i < 2; i++) await enable(user.id, enabling, by);
  expect((await auth.auditOf(user.id)).slice(1)).toEqual([
    "user.disable SUCCESS",
    "user.get SUCCESS",
    "user.get SUCCESS",
    "user.enable SUCCESS",
    "user.get SUCCESS",
  ]);
});

test("disabling an account ends all its sessions", async () => {
  const user = await auth.makeUser();
  for (let i = 0; i < 3; i++) await auth.logIn(user);
  await disable(user.id);
  const rows = await auth.app.db.read<{ ended: number; revoked: number }>(
    `SELECT s.end_time IS NOT NULL AS ended, r.session_id IS NOT NULL AS revoked
     FROM sessions s LEFT JOIN revocations r ON r.session_id = BIN_TO_UUID(s.id) WHERE s.user_id = ?`,
    [binaryId(user.id)],
  );
  expect(rows).toEqual(Array.from({ length: 3 }, () => ({ ended: 1, revoked: 1 })));
});

test("an admin can disable neither their own account nor an unknown one", async () => {
  await expect(disable(admin.userId)).rejects.toMatchObject({ reason: "CANNOT_CHANGE_SELF" });
  await expect(disable(newId())).rejects.toMatchObject({ reason: "NOT_FOUND" });
  await expect(enable(newId())).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("the command makes an admin once, and never of an existing account", async () => {
  const email = `${newId()}@example.com`;
  const options = { email, fullName: "Ada Min", password: PASSWORD };
  expect(await createAdmin(auth.app, options)).toBe(`${email} is an admin now`);
  expect(await createAdmin(auth.app, options)).toBe(`${email} is an admin already`);
  const [found] = (await list({ email })).users;
  expect(found).toMatchObject({ role: "ADMIN", fullName: "Ada Min" });
  expect(await auth.eventsOf(found!.id)).toEqual(["user.created"]);
  const lines = await auth.app.db.read(
    `SELECT action, actor_id AS actorId, subject_ids AS subjectIds, outcome, request_id AS requestId
     FROM audit_events WHERE resource = ? AND action = 'user.create_admin'`,
    [`users/${found!.id}`],
  );
  expect(lines).toEqual([
    {
      action: "user.create_admin",
      actorId: "command:create-admin",
      subjectIds: [found!.id],
      outcome: "SUCCESS",
      requestId: "",
    },
  ]);
  await auth.call(AuthServiceService.login, bound(login, auth.app), {
    email,
    password: PASSWORD,
    rememberMe: false,
  });
  const patient = await auth.makeUser();
  await expect(createAdmin(auth.app, { ...options, email: patient.email })).rejects.toMatchObject({
    reason: "EMAIL_TAKEN",
  });
});

test.each([
  ["an e-mail that is none", { email: "nobody" }, "INVALID_REQUEST"],
  ["a short password", { password: "short" }, "INVALID_REQUEST"],
  ["a common password", { password: "password1234" }, "WEAK_PASSWORD"],
])("the command refuses %s", async (_, change, reason) => {
  const options = { email: "ada@example.com", fullName: "Ada Min", password: PASSWORD, ...change };
  await expect(createAdmin(auth.app, options)).rejects.toMatchObject({ reason });
});
