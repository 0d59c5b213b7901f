import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { OutboundGate } from "@medconnect/platform/restores/outbound-gate.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { closedGate } from "@medconnect/platform/testing/closed-gate.ts";
import { type JobCase, testJobs } from "@medconnect/platform/testing/job-tests.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { jobsOf } from "./jobs.ts";
import { captureExpiring } from "./payments/capture-expiring.ts";
import { processPayments } from "./processing/process-payments.ts";
import { processRefunds } from "./processing/process-refunds.ts";
import { processingJobs } from "./processing/processing-jobs.ts";
import {
  AUTHORIZATION_MS,
  type BillingTest,
  CAPTURE_BEFORE_EXPIRY_MS,
  LEASE_MS,
  startBilling,
} from "./testing/billing-fixture.ts";
import { deleteOldEvents } from "./webhooks/delete-old-events.ts";

const MINUTE_MS = 60_000;
const WEBHOOKS_KEPT_MS = 30 * 24 * 60 * MINUTE_MS;
const patient = userCaller("PATIENT");

let billing: BillingTest;
let jobs: Job[];
let outbound: OutboundGate;
const errors: string[] = [];

beforeAll(async () => {
  billing = await startBilling();
  const log = { ...billing.app.log, error: (_: object, message: string) => errors.push(message) };
  outbound = billing.app.outbound;
  const app = {
    ...billing.app,
    log: log as unknown as Logger,
    get outbound() {
      return outbound;
    },
  };
  jobs = jobsOf(
    app,
    { EXPIRY_CHECK_EVERY: MINUTE_MS, LEDGER_CHECK_EVERY: MINUTE_MS },
    processingJobs(app, MINUTE_MS),
  );
});
afterAll(() => billing.app.close());

const authorized = () => billing.authorized(patient);

const captured = () => billing.captured(patient);

const cases: Record<string, JobCase> = {
  "process payments": async () => {
    const { paymentId, completed } = await authorized();
    await billing.deliver(completed);
    return async () => (await billing.read(paymentId)).status === "CAPTURED";
  },
  "process refunds": async () => {
    const { paymentId } = await captured();
    billing.provider.onResponse = async () => {
      throw new Error("cut");
    };
    await billing.refund(paymentId, 5000);
    billing.provider.reset();
    billing.app.clock.advance(LEASE_MS);
    return async () => (await billing.read(paymentId)).status === "REFUNDED";
  },
  "ask about open payments": async () => {
    await authorized();
    outbound = await closedGate(billing.app);
    return () => !outbound.awaitsReadiness;
  },
  "capture expiring authorizations": async () => {
    const { paymentId } = await authorized();
    billing.app.clock.advance(AUTHORIZATION_MS - CAPTURE_BEFORE_EXPIRY_MS);
    return async () =>
      (await billing.auditTrail(paymentId)).includes("payment.decide SUCCESS by service:billing");
  },
  "delete old webhook events": async () => {
    const { app } = billing;
    const insert = "INSERT INTO webhook_events (provider, event_id, receive_time) VALUES ('stub', 'old', ?)";
    await app.db.write(insert, [app.clock.now()]);
    app.clock.advance(WEBHOOKS_KEPT_MS + 1);
    return async () => (await app.db.read("SELECT 1 FROM webhook_events")).length === 0;
  },
  "check the ledger": async () => {
    await captured();
    await billing.app.db.write("DELETE FROM ledger_entries WHERE account LIKE 'doctor:%'");
    return () => errors.includes("ledger is out of balance");
  },
};

testJobs(cases, () => jobs);

test.each(Object.entries({ processPayments, processRefunds, captureExpiring, deleteOldEvents }))(
  "%s stops when its signal aborts",
  async (_, job) => {
    await expect(job(billing.app)(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  },
);
