import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import {
  type IssueTokenRequest,
  ServiceAccount,
  ServiceAccountServiceService as service,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { decodeJwt } from "jose";
import { listRevocations } from "../revocations/revocation-store.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";
import { disableServiceAccount, enableServiceAccount } from "./change-service-account-status.ts";
import { createServiceAccount } from "./create-service-account.ts";
import { issueToken } from "./issue-token.ts";
import { endRotatedSecrets, rotateServiceAccountSecret } from "./rotate-secret.ts";

const INVALID_CLIENT = { reason: "INVALID_CLIENT" };
const HOUR_S = 3600;

let auth: TestAuth;
let admin: UserCaller;
beforeAll(async () => {
  auth = await startTestAuth();
  admin = await auth.signInAdmin();
});
afterAll(() => auth.close());

async function create(name = `System ${newId()}`): Promise<ServiceAccount & { clientSecret: string }> {
  const scopes = ["scheduling.bookings.read", "billing.payments.read"];
  const account = ServiceAccount.fromPartial({ name, scopes });
  const made = await auth.call(
    service.createServiceAccount,
    bound(createServiceAccount, auth.app),
    { serviceAccount: account },
    admin,
  );
  return { ...made, clientSecret: made.clientSecret! };
}

const bySecret = (clientId: string, clientSecret: string, scope = ""): IssueTokenRequest => ({
  grantType: "client_credentials",
  clientId,
  clientSecret,
  scope,
  clientAssertionType: undefined,
  clientAssertion: undefined,
});
const issue = (clientId: string, clientSecret: string, scope = "") =>
  auth.call(service.issueToken, bound(issueToken, auth.app), bySecret(clientId, clientSecret, scope));
const sidOf = async (id: string, secret: string) => decodeJwt((await issue(id, secret)).accessToken).sid;
const rotate = async (serviceAccountId: string, seconds?: number): Promise<string> => {
  const gracePeriod = seconds === undefined ? undefined : { seconds, nanos: 0 };
  const handler = bound(rotateServiceAccountSecret, auth.app);
  const request = { serviceAccountId, gracePeriod };
  return (await auth.call(service.rotateServiceAccountSecret, handler, request, admin)).clientSecret!;
};
const disable = (serviceAccountId: string) =>
  auth.call(
    service.disableServiceAccount,
    bound(disableServiceAccount, auth.app),
    { serviceAccountId, idempotencyKey: "" },
    admin,
  );
const revoked = async () =>
  (await listRevocations(auth.app.db, auth.clock.now())).map(({ sessionId }) => sessionId);

test("a token names its account and scopes, and has no role", async () => {
  const { id, clientSecret } = await create();
  const { accessToken, scope, expiresInSeconds } = await issue(id, clientSecret);
  expect(scope).toBe("billing.payments.read scheduling.bookings.read");
  const claims = decodeJwt(accessToken);
  expect(claims).toMatchObject({ sub: id, client_id: id, scope });
  expect(claims).not.toHaveProperty("role");
  expect(claims.exp! - claims.iat!).toBe(expiresInSeconds);
});

test("only the hash of a secret is stored", async () => {
  const { clientSecret } = await create();
  const rows = await auth.app.db.read("SELECT * FROM service_account_secrets");
  expect(JSON.stringify(rows)).not.toContain(clientSecret);
  const kept = await auth.app.db.read<{ hash: Buffer }>(
    "SELECT secret_hash AS hash FROM service_account_secrets",
  );
  for (const { hash } of kept) expect(hash.toString()).not.toContain(clientSecret);
});

test("an unknown id, a wrong secret, another account's secret and a disabled account get the same error", async () => {
  const [one, other] = [await create(), await create()];
  await expect(issue(newId(), one.clientSecret)).rejects.toMatchObject(INVALID_CLIENT);
  await expect(issue(one.id, "wrong")).rejects.toMatchObject(INVALID_CLIENT);
  await expect(issue(one.id, other.clientSecret)).rejects.toMatchObject(INVALID_CLIENT);
  await disable(one.id);
  await expect(issue(one.id, one.clientSecret)).rejects.toMatchObject(INVALID_CLIENT);
});

test("a failure is audited, and an unknown id is not named", async () => {
  const { id } = await create();
  const unknown = newId();
  const failuresOf = async (resource: string) =>
    (
      await auth.app.db.read(
        `SELECT 1 FROM audit_events WHERE action = 'client.issue_token' AND outcome = 'FAILURE' AND resource = ?`,
        [resource],
      )
    ).length;
  const before = await failuresOf("service-accounts/-");
  await expect(issue(id, "wrong")).rejects.toMatchObject(INVALID_CLIENT);
  await expect(issue(unknown, "wrong")).rejects.toMatchObject(INVALID_CLIENT);
  expect(await failuresOf(`service-accounts/${id}`)).toBe(1);
  expect(await failuresOf(`service-accounts/${unknown}`)).toBe(0);
  expect(await failuresOf("service-accounts/-")).toBe(before + 1);
});

test("disabling an account revokes a token that is being issued", async () => {
  const { id, clientSecret } = await create();
  let disabling: Promise<unknown> | undefined;
  const db = {
    // After the read of the secrets, disables the account before the account is read.
    read: async (sql: string, params?: SqlScalar[]) => {
      if (disabling) await disabling;
      const rows = await auth.app.db.read(sql, params);
      disabling ??= disable(id);
      return rows;
    },
  };
  const app = { ...auth.app, db: db as Database };
  const request = bySecret(id, clientSecret);
  await expect(auth.call(service.issueToken, bound(issueToken, app), request)).rejects.toMatchObject(
    INVALID_CLIENT,
  );
});

test("one of many concurrent accounts with the same name is made", async () => {
  const name = `System ${newId()}`;
  const made = await Promise.allSettled(Array.from({ length: 10 }, () => create(name)));
  expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const each of made) {
    if (each.status === "rejected") expect(each.reason).toMatchObject({ reason: "NAME_TAKEN" });
  }
});

test("a rotated secret is valid for its grace period, and no token outlives it", async () => {
  const { id, clientSecret: first } = await create();
  const sid = await sidOf(id, first);
  const second = await rotate(id, HOUR_S);
  expect(await sidOf(id, second)).not.toBe(sid);
  auth.clock.advance((HOUR_S - 60) * 1000);
  expect((await issue(id, first)).expiresInSeconds).toBe(60);
  auth.clock.advance(60_000);
  await expect(issue(id, first)).rejects.toMatchObject(INVALID_CLIENT);
  expect(await revoked()).not.toContain(sid);
  await Promise.all([endRotatedSecrets(auth.app)(), endRotatedSecrets(auth.app)()]);
  expect(await revoked()).toContain(sid);
  expect((await issue(id, second)).expiresInSeconds).toBe(300);
});

test("without a grace period the old secret ends at once; at most two secrets are valid", async () => {
  const { id, clientSecret: first } = await create();
  const second = await rotate(id);
  const firstSid = await sidOf(id, first);
  const third = await rotate(id, 60);
  await expect(issue(id, first)).rejects.toMatchObject(INVALID_CLIENT);
  expect(await revoked()).toContain(firstSid);
  const secondSid = await sidOf(id, second);
  const fourth = await rotate(id, 0);
  expect(await revoked()).toContain(secondSid);
  await expect(issue(id, third)).rejects.toMatchObject(INVALID_CLIENT);
  expect((await issue(id, fourth)).tokenType).toBe("Bearer");
});

test("disabling revokes all tokens, enabling gives new ones, and both may be repeated", async () => {
  const { id, clientSecret: first } = await create();
  const second = await rotate(id, HOUR_S);
  const sids = [await sidOf(id, first), await sidOf(id, second)];
  const request = { serviceAccountId: id, idempotencyKey: "" };
  const enable = bound(enableServiceAccount, auth.app);
  for (let i = 0; i < 2; i++) await disable(id);
  expect(await revoked()).toEqual(expect.arrayContaining(sids));
  for (let i = 0; i < 2; i++) await auth.call(service.enableServiceAccount, enable, request, admin);
  const list = await revoked();
  expect(list).not.toContain(await sidOf(id, first));
  expect(list).not.toContain(await sidOf(id, second));
  const lines = await auth.app.db.read<{ line: string }>(
    `SELECT CONCAT(action, ' ', outcome) AS line FROM audit_events WHERE resource = ? AND actor_id = ?
     ORDER BY occur_time, id`,
    [`service-accounts/${id}`, admin.userId],
  );
  expect(lines.map(({ line }) => line).toSorted()).toEqual([
    "client.create SUCCESS",
    "client.disable SUCCESS",
    "client.enable SUCCESS",
    "client.rotate_secret SUCCESS",
  ]);
});
