import { afterAll, beforeAll } from "@jest/globals";
import {
  copyRow,
  type ListUnderTest,
  listUnderTest,
  NEW_ID,
} from "@medconnect/platform/testing/list-work.ts";
import {
  FOREIGN_ROWS as FOREIGN,
  OWN_ROWS as OWN,
  testListWork,
} from "@medconnect/platform/testing/list-work-tests.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { BreakGlassServiceService } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import { MailServiceService } from "@medconnect/proto/medconnect/auth/v1/mail_service.ts";
import {
  CreateServiceAccountRequest,
  ServiceAccountServiceService,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { UserServiceService } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { listUsers } from "./admin/list-users.ts";
import type { Auth } from "./app.ts";
import { createBreakGlassGrant } from "./break-glass/create-grant.ts";
import { listBreakGlassGrants } from "./break-glass/read-grants.ts";
import { listDeadMails } from "./mail/list-dead-mails.ts";
import { createServiceAccount } from "./service-accounts/create-service-account.ts";
import { listServiceAccounts } from "./service-accounts/read-service-accounts.ts";
import { listSessions } from "./sessions/list-sessions.ts";
import { startTestAuth, type TestAuth } from "./testing/test-auth.ts";

let auth: TestAuth;
let lists: ListUnderTest<Auth>[];
let values: Record<string, string | string[]>;

beforeAll(async () => {
  auth = await startTestAuth();
  const { app } = auth;
  const admin = await auth.signInAdmin();
  const user = await auth.makeUser();
  const { caller } = await auth.logIn(user);
  const grant = await auth.call(
    BreakGlassServiceService.createBreakGlassGrant,
    bound(createBreakGlassGrant, app),
    { patientId: user.id, reason: "Found unconscious at home", idempotencyKey: "" },
    admin,
  );
  const account = await auth.call(
    ServiceAccountServiceService.createServiceAccount,
    bound(createServiceAccount, app),
    CreateServiceAccountRequest.fromPartial({
      serviceAccount: { name: "reports", scopes: ["admin.stats.read"] },
    }),
    admin,
  );
  const aged = { id: NEW_ID, create_time: "t.create_time - INTERVAL n MINUTE" };
  const signedIn = { id: NEW_ID, auth_time: "t.auth_time - INTERVAL n SECOND", client: "NULL" };
  await copyRow(app.db, "sessions", caller.sessionId, OWN, { ...signedIn, end_time: "t.auth_time" });
  await copyRow(app.db, "sessions", caller.sessionId, FOREIGN, { ...signedIn, user_id: NEW_ID });
  await copyRow(app.db, "users", user.id, FOREIGN, { ...aged, email: "CONCAT(UUID(), '@example.com')" });
  const [grants, accounts] = ["break_glass_grants", "service_accounts"];
  await copyRow(app.db, grants, grant.id, OWN, { ...aged, admin_id: NEW_ID });
  await copyRow(app.db, grants, grant.id, OWN, { ...aged, patient_id: NEW_ID });
  await copyRow(app.db, grants, grant.id, FOREIGN, { ...aged, admin_id: NEW_ID, patient_id: NEW_ID });
  await copyRow(app.db, accounts, account.id, FOREIGN, { ...aged, name: "UUID()" });
  await app.db.write(
    `INSERT INTO mails (id, user_id, template, content, create_time, expire_time, available_time, dead)
     SELECT id, id, 'mfa-reset', '', create_time, create_time, create_time, FALSE FROM users`,
  );
  await app.db.write("UPDATE mails SET dead = TRUE ORDER BY id LIMIT ?", [OWN]);
  await app.db.write("ANALYZE TABLE sessions, users, break_glass_grants, service_accounts, mails");
  lists = [
    listUnderTest(UserServiceService.listSessions, listSessions, caller),
    listUnderTest(UserServiceService.listUsers, listUsers, admin),
    listUnderTest(BreakGlassServiceService.listBreakGlassGrants, listBreakGlassGrants, admin),
    listUnderTest(MailServiceService.listDeadMails, listDeadMails, admin),
    listUnderTest(ServiceAccountServiceService.listServiceAccounts, listServiceAccounts, admin),
  ];
  values = { email: user.email, userIds: [user.id], adminId: admin.userId, patientId: user.id };
}, 300_000);
afterAll(() => auth.close());

/** List calls whose filters no index covers: the name of the RPC, and the names of the filters. */
const SCANS = ["ListUsers status", "ListBreakGlassGrants status", "ListBreakGlassGrants adminId patientId"];

testListWork("auth", SCANS, () => ({ app: auth.app, lists, values }));
