import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, readerOf } from "@medconnect/platform/grpc/call.ts";
import { callerId, isOverseer } from "@medconnect/platform/identity/caller.ts";
import type {
  GetPaymentRequest,
  ListPaymentsRequest,
  ListPaymentsResponse,
  Payment,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import { toPayment } from "./payment.ts";
import { findPayment, listPayments as list, type PaymentRow } from "./payment-store.ts";

/** PaymentService.GetPayment: for its patient, an admin, or an internal system. Throws NOT_FOUND. */
export async function getPayment(
  app: Billing,
  { paymentId }: GetPaymentRequest,
  call: Call,
): Promise<Payment> {
  const reader = readerOf(call);
  const row = await findPayment(app.db, paymentId);
  if (!row) throw new ApiError("NOT_FOUND");
  if (!isOverseer(reader) && row.patient_id !== callerId(reader))
    throw hiddenFrom(`payments/${row.id}`, row.patient_id);
  await recordReads(app, call, [row]);
  return toPayment(row);
}

/** PaymentService.ListPayments: a patient's own; for admins and internal systems all. Throws INVALID_PAGE_TOKEN. */
export async function listPayments(
  app: Billing,
  request: ListPaymentsRequest,
  call: Call,
): Promise<ListPaymentsResponse> {
  const reader = readerOf(call);
  const readerId = callerId(reader);
  const page = app.pages.open(request, "payments", readerId, request.status, request.bookingId);
  const found = await list(app.db, isOverseer(reader) ? undefined : readerId, request, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.create_time, row.id]);
  await recordReads(app, call, rows);
  return { payments: rows.map(toPayment), nextPageToken };
}

/**
 * An admin or an internal system that reads a payment, or its refunds, reads who has seen which doctor. To patients it
 * is their own.
 */
export async function recordReads(app: Billing, call: Call, rows: PaymentRow[]): Promise<void> {
  if (!isOverseer(readerOf(call))) return;
  const accesses = rows.map((row) => ({ resource: `payments/${row.id}`, subjectIds: [row.patient_id] }));
  await app.audit.record(call, accesses);
}
