import { afterAll, beforeAll } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
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
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { PaymentServiceService } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { RefundServiceService } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import type { Billing } from "./app.ts";
import { listPayments } from "./payments/read-payments.ts";
import { listRefunds } from "./refunds/read-refunds.ts";
import { type BillingTest, startBilling } from "./testing/billing-fixture.ts";

let billing: BillingTest;
let lists: ListUnderTest<Billing>[];
let values: Record<string, string>;

beforeAll(async () => {
  billing = await startBilling();
  const { app } = billing;
  const [patient, admin] = [userCaller("PATIENT"), userCaller("ADMIN")];
  const { paymentId, bookingId } = await billing.hold(patient);
  const aged = { id: NEW_ID, create_time: "t.create_time - INTERVAL n MINUTE" };
  const paid = { ...aged, booking_id: NEW_ID };
  await copyRow(app.db, "payments", paymentId, OWN, paid);
  await copyRow(app.db, "payments", paymentId, FOREIGN, { ...paid, patient_id: NEW_ID });
  const refundId = newId();
  await app.db.write(
    `INSERT INTO refunds (id, payment_id, status, amount_minor, reason, create_time)
     VALUES (?, ?, 'FAILED', 1, '', ?)`,
    [binaryId(refundId), binaryId(paymentId), app.clock.now()],
  );
  await copyRow(app.db, "refunds", refundId, OWN, aged);
  await copyRow(app.db, "refunds", refundId, FOREIGN, { ...aged, payment_id: NEW_ID });
  await app.db.write("ANALYZE TABLE payments, refunds");
  lists = [
    listUnderTest(PaymentServiceService.listPayments, listPayments, patient, admin),
    listUnderTest(RefundServiceService.listRefunds, listRefunds, patient, admin),
  ];
  values = { bookingId, paymentId };
}, 300_000);
afterAll(() => billing.app.close());

/**
 * Calls with filters that no index covers. An entry names the RPC, the caller's role if the role matters, and
 * the filters.
 */
const SCANS = ["ListPayments PATIENT status"];

testListWork("billing", SCANS, () => ({ app: billing.app, lists, values }));
