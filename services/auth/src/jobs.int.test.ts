import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import { REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Job } from "@medconnect/platform/jobs/jobs.ts";
import { type JobCase, testJobs } from "@medconnect/platform/testing/job-tests.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import {
  ServiceAccount,
  ServiceAccountServiceService,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { jobsOf } from "./jobs.ts";
import { forgotPassword } from "./passwords/forgot-password.ts";
import { createServiceAccount } from "./service-accounts/create-service-account.ts";
import { rotateServiceAccountSecret } from "./service-accounts/rotate-secret.ts";
import { refreshToken } from "./sessions/refresh-token.ts";
import { startTestAuth, type TestAuth } from "./testing/test-auth.ts";

const SECOND_MS = 1000;
const DAY_MS = 24 * 3_600_000;

let auth: TestAuth;
let mails: string;
let jobs: Job[];

beforeAll(async () => {
  auth = await startTestAuth();
  mails = await mkdtemp(join(tmpdir(), "medconnect-mails-"));
  jobs = jobsOf(await auth.startAnother({ MAIL_URL: `file://${mails}` }));
});
afterAll(async () => {
  await auth.close();
  await rm(mails, { recursive: true });
});

const count = async (from: string, ...params: SqlValue[]) =>
  (await auth.app.db.read(`SELECT 1 FROM ${from}`, params)).length;

const cases: Record<string, JobCase> = {
  "publish revocations": async () => {
    const { redis } = auth.app;
    await redis.del(REVOCATIONS_KEY);
    return async () => (await redis.get(REVOCATIONS_KEY)) !== null;
  },
  "keep keys": async () => {
    const before = await count("signing_keys");
    auth.clock.advance(30 * DAY_MS);
    return async () => (await count("signing_keys")) > before;
  },
  "send mails": async () => {
    const { email } = await auth.makeUser();
    await auth.call(AuthServiceService.forgotPassword, bound(forgotPassword, auth.app), { email });
    return async () => (await readdir(mails)).length > 0;
  },
  "end rotated secrets": async () => {
    const { createServiceAccount: create, rotateServiceAccountSecret: rotate } = ServiceAccountServiceService;
    const admin = await auth.signInAdmin();
    const request = {
      serviceAccount: ServiceAccount.fromPartial({ name: "Reporting", scopes: ["admin.stats.read"] }),
    };
    const { id } = await auth.call(create, bound(createServiceAccount, auth.app), request, admin);
    const rotation = { serviceAccountId: id, gracePeriod: { seconds: 1, nanos: 0 } };
    await auth.call(rotate, bound(rotateServiceAccountSecret, auth.app), rotation, admin);
    auth.clock.advance(SECOND_MS);
    return async () => (await count("service_account_secrets")) === 1;
  },
  "forget successors": async () => {
    const session = await auth.logIn(await auth.makeUser());
    const request = { refreshToken: session.refreshToken, idempotencyKey: newId() };
    await auth.call(AuthServiceService.refreshToken, bound(refreshToken, auth.app), request);
    auth.clock.advance(10 * SECOND_MS);
    return async () => (await count("refresh_tokens WHERE successor IS NOT NULL")) === 0;
  },
  "sweep sessions": async () => {
    const user = await auth.makeUser();
    await auth.logIn(user);
    auth.clock.advance(31 * DAY_MS);
    return async () => (await count("sessions WHERE user_id = ?", binaryId(user.id))) === 0;
  },
};

testJobs(cases, () => jobs);
