import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import { REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Job } from "@medconnect/platform/jobs/jobs.ts";
import { closedGate, confirmRestoreOf } from "@medconnect/platform/testing/closed-gate.ts";
import { type JobCase, testJobs } from "@medconnect/platform/testing/job-tests.ts";
import { bound } from "@medconnect/platform/testing/test-service.ts";
import { AuthServiceService } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import {
  ServiceAccount,
  ServiceAccountServiceService,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import { jobsOf } from "./jobs.ts";
import { deleteExpiredLinkTokens } from "./links/link-token-store.ts";
import { deleteExpiredCounters } from "./lockouts/lockout-store.ts";
import { login } from "./login/login.ts";
import { deleteExpiredMails } from "./mail/mail-store.ts";
import { queueMail } from "./mail/queue-mail.ts";
import { deleteExpiredChallenges, insertChallenge } from "./mfa/mfa-store.ts";
import { forgotPassword } from "./passwords/forgot-password.ts";
import { register } from "./registration/register.ts";
import { deleteExpiredRegistrations } from "./registration/registration-store.ts";
import { deleteExpiredRevocations } from "./revocations/revocation-store.ts";
import { createServiceAccount } from "./service-accounts/create-service-account.ts";
import { rotateServiceAccountSecret } from "./service-accounts/rotate-secret.ts";
import { deleteExpiredAssertions, recordUse } from "./service-accounts/used-assertion-store.ts";
import { logout } from "./sessions/logout.ts";
import { refreshToken } from "./sessions/refresh-token.ts";
import { deleteExpiredSessions } from "./sessions/session-store.ts";
import { PASSWORD, startTestAuth, type TestAuth } from "./testing/test-auth.ts";

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

const count = async (from: string, ...params: SqlScalar[]) =>
  (await auth.app.db.read(`SELECT 1 FROM ${from}`, params)).length;

/**
 * Makes a test case: `insert` adds rows to the table, and the job must delete them once they have expired.
 */
const expiring =
  (table: string, insert: () => Promise<unknown>): JobCase =>
  async () => {
    await insert();
    auth.clock.advance(31 * DAY_MS);
    return async () => (await count(table)) === 0;
  };

/** Requests a link that resets the password. */
async function forget(): Promise<void> {
  const { email } = await auth.makeUser();
  await auth.call(AuthServiceService.forgotPassword, bound(forgotPassword, auth.app), { email });
}

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
    await forget();
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
  "sweep mails": expiring("mails", forget),
  "sweep failure counters": expiring("failure_counters", async () => {
    const request = { email: `${newId()}@example.com`, password: "wrong", rememberMe: false };
    await expect(auth.call(AuthServiceService.login, bound(login, auth.app), request)).rejects.toThrow();
  }),
  "sweep revocations": expiring("revocations", async () => {
    const { caller } = await auth.logIn(await auth.makeUser());
    const request = { idempotencyKey: "" };
    await auth.call(AuthServiceService.logout, bound(logout, auth.app), request, caller);
  }),
  "sweep sessions": expiring("sessions", async () => {
    await auth.logIn(await auth.makeUser());
  }),
  "sweep link tokens": expiring("link_tokens", forget),
  "sweep registrations": expiring("registrations", async () => {
    const app = { ...auth.app, mustVerifyEmail: true };
    const email = `${newId()}@example.com`;
    const request = { email, password: PASSWORD, fullName: "Jo Doe", role: "PATIENT" as const };
    await auth.call(AuthServiceService.register, bound(register, app), request);
  }),
  "sweep MFA challenges": expiring("mfa_challenges", () =>
    auth.app.db.transaction(async (tx) =>
      insertChallenge(tx, {
        id: newId(),
        userId: newId(),
        passwordSetTime: auth.clock.now(),
        expireTime: auth.clock.now(),
        remembered: false,
      }),
    ),
  ),
  "sweep used assertions": expiring("used_assertions", () =>
    auth.app.db.transaction((tx) => recordUse(tx, { clientId: newId(), jti: newId() }, auth.clock.now())),
  ),
};

testJobs(cases, () => jobs);

test.each(
  Object.entries({
    deleteExpiredRevocations,
    deleteExpiredChallenges,
    deleteExpiredSessions,
    deleteExpiredMails,
    deleteExpiredLinkTokens,
    deleteExpiredRegistrations,
    deleteExpiredCounters,
    deleteExpiredAssertions,
  }),
)("%s stops when its process ends", async (_, deleteExpired) => {
  const stopped = deleteExpired(auth.app.db, auth.clock.now(), AbortSignal.abort());
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
});

test("mails wait until a restore is confirmed", async () => {
  const outbound = await closedGate(auth.app);
  const restored = await auth.startAnother({ MAIL_URL: `file://${mails}` }, outbound);
  await auth.app.db.transaction(async (tx) =>
    queueMail(auth.app, tx, { id: newId(), email: "pat@example.org" }, { template: "mfa-reset" }),
  );
  const before = await readdir(mails);
  await restored.mailJob.run();
  expect(await readdir(mails)).toEqual(before);
  await confirmRestoreOf(auth.app);
  await outbound.check();
  await restored.mailJob.run();
  await restored.mailJob.stop();
  expect(await readdir(mails)).toHaveLength(before.length + 1);
});
