import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { withBinaryIds } from "@medconnect/platform/testing/with-binary-ids.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import {
  ServiceAccount,
  ServiceAccountServiceService,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { type User, UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { generateSync } from "otplib";
import { disableUser, enableUser } from "../admin/change-status.ts";
import { resetMfa } from "../admin/reset-mfa.ts";
import { rotateKey } from "../keys/key-commands.ts";
import { activateTotp } from "../mfa/activate-totp.ts";
import { setUpTotp } from "../mfa/set-up-totp.ts";
import {
  disableServiceAccount,
  enableServiceAccount,
} from "../service-accounts/change-service-account-status.ts";
import { createServiceAccount } from "../service-accounts/create-service-account.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { findUnexplained } from "./find-unexplained.ts";

let auth: TestAuth;
let admin: UserCaller;
let patient: User;
let disabled: User;
let withFactor: User;
let account: ServiceAccount;
let disabledAccount: ServiceAccount;

/** Gives and withdraws each kind of right by an RPC, so that auth writes audit entries for it. */
beforeAll(async () => {
  auth = await startTestAuth();
  admin = await auth.signInAdmin();
  [patient, disabled, withFactor] = [await auth.makeUser(), await auth.makeUser(), await auth.makeUser()];
  const back = await auth.makeUser();
  await setStatus("disable", disabled.id);
  await setStatus("disable", back.id);
  await setStatus("enable", back.id);
  await addFactor(withFactor);
  const reset = await auth.makeUser();
  await addFactor(reset);
  const { resetMfa: method } = UserServiceService;
  await auth.call(method, bound(resetMfa, auth.app), { userId: reset.id, idempotencyKey: "" }, admin);
  [account, disabledAccount] = [await addAccount(), await addAccount()];
  const again = await addAccount();
  await setAccountStatus("disable", disabledAccount.id);
  await setAccountStatus("disable", again.id);
  await setAccountStatus("enable", again.id);
  await rotateKey(auth.app, "now");
});
afterAll(() => auth.close());

beforeEach(async () => {
  expect(await found()).toEqual([]);
});

async function setStatus(change: "disable" | "enable", userId: string): Promise<void> {
  const { disableUser: disable, enableUser: enable } = UserServiceService;
  const request = { userId, idempotencyKey: "" };
  if (change === "disable") await auth.call(disable, bound(disableUser, auth.app), request, admin);
  else await auth.call(enable, bound(enableUser, auth.app), request, admin);
}

async function addFactor(user: User): Promise<void> {
  const { caller } = await auth.logIn(user);
  const { setUpTotp: method, activateTotp: activate } = AuthServiceService;
  const { secret } = await auth.call(method, bound(setUpTotp, auth.app), {}, caller);
  const epoch = Math.floor(auth.clock.now().getTime() / 1000);
  await auth.call(activate, bound(activateTotp, auth.app), { code: generateSync({ secret, epoch }) }, caller);
}

async function addAccount(): Promise<ServiceAccount> {
  const scopes = ["scheduling.bookings.read", "billing.payments.read"];
  const serviceAccount = ServiceAccount.fromPartial({ name: `System ${newId()}`, scopes });
  const { createServiceAccount: method } = ServiceAccountServiceService;
  return await auth.call(method, bound(createServiceAccount, auth.app), { serviceAccount }, admin);
}

async function setAccountStatus(change: "disable" | "enable", serviceAccountId: string): Promise<void> {
  const { disableServiceAccount: disable, enableServiceAccount: enable } = ServiceAccountServiceService;
  const request = { serviceAccountId, idempotencyKey: "" };
  if (change === "disable") await auth.call(disable, bound(disableServiceAccount, auth.app), request, admin);
  else await auth.call(enable, bound(enableServiceAccount, auth.app), request, admin);
}

/**
 * Finds unexplained rights. Reads two rows per page by default, so that each kind of row has several pages.
 */
async function found(pageSize: number | undefined = 2): Promise<string[]> {
  const lines: string[] = [];
  for await (const { kind, resource, state } of findUnexplained(auth.app, auth.clock.now(), pageSize)) {
    lines.push(`${kind} ${resource} ${state}`);
  }
  return lines;
}

const write = (sql: string, ...params: SqlScalar[]) => auth.app.db.write(sql, withBinaryIds(params));

/**
 * Changes rows directly in the database, as a database administrator could, and then undoes the change.
 *
 * @returns the findings between the change and its undoing
 */
async function foundAfter(does: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<string[]> {
  await does();
  const lines = await found();
  await undo();
  return lines;
}

test("an account that was made an admin in the database is found", async () => {
  const set = (role: string) => write("UPDATE users SET role = ? WHERE id = ?", role, patient.id);
  expect(
    await foundAfter(
      () => set("ADMIN"),
      () => set("PATIENT"),
    ),
  ).toEqual([`ADMIN_UNEXPLAINED users/${patient.id} ADMIN`]);
});

test("an account whose role or address was changed in the database is found", async () => {
  const role = (to: string) => write("UPDATE users SET role = ? WHERE id = ?", to, patient.id);
  const email = (to: string) => write("UPDATE users SET email = ? WHERE id = ?", to, patient.id);
  const back = () => email(patient.email);
  const found = [
    await foundAfter(
      () => role("DOCTOR"),
      () => role("PATIENT"),
    ),
    await foundAfter(() => email("a@b.test"), back),
    await foundAfter(() => email("c@d.test"), back),
  ].flat();
  const unproven = (as: string) =>
    expect.stringMatching(new RegExp(`^ACCOUNT_UNPROVEN users/${patient.id} ${as} [0-9a-f]{8}$`));
  expect(found).toEqual([unproven("DOCTOR"), unproven("PATIENT"), unproven("PATIENT")]);
  // Each forged address is reported as a separate finding.
  expect(new Set(found).size).toBe(3);
});

test("a password hash that was copied from another account, or lost its proof, is found", async () => {
  const set = (column: string, from: string) =>
    write(
      `UPDATE users u JOIN users o ON o.id = ? SET u.${column} = o.${column} WHERE u.id = ?`,
      from,
      patient.id,
    );
  const [before] = await auth.app.db.read<{ hash: string; proof: Buffer }>(
    "SELECT password_hash AS hash, password_proof AS proof FROM users WHERE id = ?",
    [binaryId(patient.id)],
  );
  const restore = () =>
    write(
      "UPDATE users SET password_hash = ?, password_proof = ? WHERE id = ?",
      before!.hash,
      before!.proof,
      patient.id,
    );
  const unproven = expect.stringMatching(/^PASSWORD_UNPROVEN users\/\S+ [0-9a-f]{8}$/);
  const copyHash = () => set("password_hash", withFactor.id);
  expect(await foundAfter(copyHash, restore)).toEqual([unproven]);
  const copyBoth = async () => {
    await copyHash();
    await set("password_proof", withFactor.id);
  };
  expect(await foundAfter(copyBoth, restore)).toEqual([unproven]);
  const remove = () => write("UPDATE users SET password_proof = NULL WHERE id = ?", patient.id);
  expect(await foundAfter(remove, restore)).toEqual([unproven]);
});

test.each([
  ["disabled", "DISABLED", "ACTIVE", () => patient.id],
  ["enabled", "ACTIVE", "DISABLED", () => disabled.id],
])("an account that was %s in the database is found", async (_how, there, before, id) => {
  const set = (status: string) => write("UPDATE users SET status = ? WHERE id = ?", status, id());
  expect(
    await foundAfter(
      () => set(there),
      () => set(before),
    ),
  ).toEqual([`STATUS_UNEXPLAINED users/${id()} ${there}`]);
});

test("a second factor that was added or removed in the database is found", async () => {
  const copy = () =>
    write(
      `INSERT INTO mfa_totp (user_id, secret, activate_time)
       SELECT ?, secret, activate_time FROM mfa_totp WHERE user_id = ?`,
      patient.id,
      withFactor.id,
    );
  const remove = () => write("DELETE FROM mfa_totp WHERE user_id = ?", patient.id);
  expect(await foundAfter(copy, remove)).toEqual([`SECOND_FACTOR_UNEXPLAINED users/${patient.id} active`]);

  const move = (from: string, to: string) =>
    write("UPDATE mfa_totp SET user_id = ? WHERE user_id = ?", to, from);
  const moved = await foundAfter(
    () => move(withFactor.id, patient.id),
    () => move(patient.id, withFactor.id),
  );
  expect(moved.sort()).toEqual(
    [
      `SECOND_FACTOR_UNEXPLAINED users/${patient.id} active`,
      `SECOND_FACTOR_UNEXPLAINED users/${withFactor.id} none`,
    ].sort(),
  );
});

test("a scope that was added in the database is found", async () => {
  const set = (scopes: string[]) =>
    write("UPDATE service_accounts SET scopes = ? WHERE id = ?", JSON.stringify(scopes), account.id);
  const { scopes } = account;
  expect(
    await foundAfter(
      () => set([...scopes, "admin.users.read", "not a scope — ✂"]),
      () => set(scopes),
    ),
  ).toEqual([
    `SCOPE_UNEXPLAINED service-accounts/${account.id} admin.users.read`,
    `SCOPE_UNEXPLAINED service-accounts/${account.id} not a scope — ✂`,
  ]);
});

test.each([
  ["disabled", "DISABLED", "ACTIVE", () => account.id],
  ["enabled", "ACTIVE", "DISABLED", () => disabledAccount.id],
])("a service account that was %s in the database is found", async (_how, there, before, id) => {
  const set = (status: string) => write("UPDATE service_accounts SET status = ? WHERE id = ?", status, id());
  expect(
    await foundAfter(
      () => set(there),
      () => set(before),
    ),
  ).toEqual([`CLIENT_STATUS_UNEXPLAINED service-accounts/${id()} ${there}`]);
});

test("a signing key without an entry, or with one that revoked it, is found", async () => {
  const put = () =>
    write(
      "INSERT INTO signing_keys (kid, generation, public_key, create_time) VALUES ('forged', 99, 'x', ?)",
      auth.clock.now(),
    );
  const take = () => write("DELETE FROM signing_keys WHERE kid = 'forged'");
  expect(await foundAfter(put, take)).toEqual(["KEY_UNEXPLAINED keys/forged in use"]);

  const [key] = await auth.app.db.read<{ kid: string }>("SELECT kid FROM signing_keys LIMIT 1");
  const line = `INSERT INTO audit_events (id, action, actor_id, subject_ids, resource, outcome, request_id, trace_id, occur_time)
    VALUES ('revoked by a row', 'key.revoke', 'command:keys', '[]', ?, 'SUCCESS', '', '', ?)`;
  const revoke = () => write(line, `keys/${key!.kid}`, auth.clock.now());
  const undo = () => write("DELETE FROM audit_events WHERE id = 'revoked by a row'");
  expect(await foundAfter(revoke, undo)).toEqual([`KEY_UNEXPLAINED keys/${key!.kid} in use`]);
});

test("each statement reads one page by an index, and any page size finds the same", async () => {
  await write("UPDATE users SET role = 'ADMIN' WHERE id IN (?, ?)", patient.id, withFactor.id);
  const statements = jest.spyOn(auth.app.db, "read");
  const inSmallPages = await found(1);
  const asked = statements.mock.calls
    .map(([sql, params]) => ({ sql, params: params! }))
    // A concurrent job reads the revocations, so its statements are left out.
    .filter(({ sql }) => !sql.includes("FROM revocations"));
  jest.restoreAllMocks();
  expect(inSmallPages).toHaveLength(2);
  expect(await found(2)).toEqual(inSmallPages);
  expect(await found(1000)).toEqual(inSmallPages);
  await write("UPDATE users SET role = 'PATIENT' WHERE id IN (?, ?)", patient.id, withFactor.id);
  for (const { sql, params } of asked) {
    expect(params.at(-1)).toBe(1);
    const plan = await auth.app.db.read<{ Extra: string | null; type: string }>(
      `EXPLAIN FORMAT=TRADITIONAL ${sql}`,
      params,
    );
    for (const { Extra, type } of plan) {
      expect([sql, type]).not.toEqual([sql, "ALL"]);
      expect([sql, Extra ?? ""]).toEqual([sql, expect.not.stringMatching(/filesort|temporary/)]);
    }
  }
});

test("a change during the check is no finding", async () => {
  const user = await auth.makeUser();
  const { db } = auth.app;
  const read = db.read.bind(db);
  let isChanged = false;
  jest.spyOn(db, "read").mockImplementation(async (sql, params) => {
    if (sql.includes("FROM users") && sql.includes("LIMIT") && !isChanged) {
      isChanged = true;
      await setStatus("disable", user.id);
    }
    return await read(sql, params);
  });
  expect(await found()).toEqual([]);
  expect(isChanged).toBe(true);
  jest.restoreAllMocks();
  expect(await found()).toEqual([]);
});
