import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ListPaymentsRequest,
  PaymentServiceService,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { type BillingTest, startBilling } from "../testing/billing-fixture.ts";
import { getPaymentStats } from "./payment-stats.ts";
import { listPayments } from "./read-payments.ts";

let billing: BillingTest;

beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

const list = async (by: Caller, request: Parameters<typeof ListPaymentsRequest.fromPartial>[0]) =>
  (
    await invoke(
      PaymentServiceService.listPayments,
      bound(listPayments, billing.app),
      by,
      ListPaymentsRequest.fromPartial(request),
    )
  ).response;

test("pages list every payment once, newest first", async () => {
  const patient = userCaller("PATIENT");
  const made: string[] = [];
  for (let i = 0; i < 7; i++) {
    billing.app.clock.advance(i % 2);
    made.push((await billing.hold(patient)).paymentId);
  }
  await billing.hold(userCaller("PATIENT"));
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await list(patient, { pageSize: 3, pageToken });
    seen.push(...page.payments.map(({ id }) => id));
    pageToken = page.nextPageToken;
    if (pageToken) {
      await expect(list(patient, { pageToken, status: "CAPTURED" })).rejects.toMatchObject({
        reason: "INVALID_PAGE_TOKEN",
      });
    }
  } while (pageToken);
  expect(seen).toEqual(made.toReversed());
});

test("patients list their own payments by booking and status; admins list all", async () => {
  const patient = userCaller("PATIENT");
  const { paymentId, bookingId } = await billing.hold(patient);
  const ids = async (by: Caller, request: Parameters<typeof list>[1]) =>
    (await list(by, request)).payments.map(({ id }) => id);
  expect(await ids(patient, { bookingId })).toEqual([paymentId]);
  expect(await ids(patient, { bookingId, status: "CANCELLED" })).toEqual([]);
  expect(await ids(userCaller("PATIENT"), { bookingId })).toEqual([]);
  expect(await ids(userCaller("ADMIN"), { bookingId })).toEqual([paymentId]);
});

test("a list by an admin is audited, and one by the patient is not", async () => {
  const patient = userCaller("PATIENT");
  const admin = userCaller("ADMIN");
  const { paymentId, bookingId } = await billing.hold(patient);
  await list(patient, { bookingId });
  await list(admin, { bookingId });
  const entries = await billing.app.db.read<{ actorId: string; subjectIds: string[] }>(
    `SELECT actor_id AS actorId, subject_ids AS subjectIds FROM audit_events
     WHERE resource = ? AND action = 'payment.list'`,
    [`payments/${paymentId}`],
  );
  expect(entries).toEqual([{ actorId: admin.userId, subjectIds: [patient.userId] }]);
});

test("revenue is the captured amount less refunds", async () => {
  const patient = userCaller("PATIENT");
  const [open, kept, refunded] = [
    await billing.hold(patient),
    await billing.hold(patient),
    await billing.hold(patient),
  ];
  for (const { paymentId } of [open, kept, refunded]) await billing.authorize(paymentId, patient);
  await billing.deliver(kept.completed, refunded.completed);
  await billing.process();
  await billing.deliver(refunded.cancelledFree);
  await billing.process();
  const { response } = await invoke(
    PaymentServiceService.getPaymentStats,
    bound(getPaymentStats, billing.app),
    userCaller("ADMIN"),
    {},
  );
  expect(response.paymentsByStatus).toMatchObject({ AUTHORIZED: 1, CAPTURED: 1, REFUNDED: 1 });
  expect(response.revenue).toEqual([{ currencyCode: "USD", amountMinor: 5000 }]);
});

test("fifty concurrent calls for figures share one count on the connections for scans", async () => {
  // After 15 s, the cached figures of earlier tests have expired.
  billing.app.clock.advance(15_000);
  const [scans, reads] = [jest.spyOn(billing.app.db, "scan"), jest.spyOn(billing.app.db, "read")];
  const figures = bound(getPaymentStats, { ...billing.app });
  const read = () => invoke(PaymentServiceService.getPaymentStats, figures, userCaller("ADMIN"), {});
  await Promise.all(Array.from({ length: 50 }, read));
  expect([scans.mock.calls.length, reads.mock.calls.length]).toEqual([2, 0]);
  jest.restoreAllMocks();
});
