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
import { type PaymentRow, toPayment } from "./payment.ts";
import { listPayments as list } from "./payment-list-store.ts";
import { findPayment } from "./payment-store.ts";

/** PaymentService.GetPayment: for the payment's patient, admins and internal systems. Throws NOT_FOUND. */
export async function getPayment(
  app: Billing,
  { paymentId }: GetPaymentRequest,
  call: Call,
): Promise<Payment> {
  const reader = readerOf(call);
  const row = await findPayment(app.db, paymentId);
  if (!row) throw new ApiError("NOT_FOUND");
  if (!isOverseer(reader) && row.patientId !== callerId(reader))
    throw hiddenFrom(`payments/${row.id}`, row.patientId);
  await recordReads(app, call, [row]);
  return toPayment(row);
}

/**
 * PaymentService.ListPayments: patients list their own, admins and internal systems all. Throws
 * INVALID_PAGE_TOKEN.
 */
export async function listPayments(
  app: Billing,
  request: ListPaymentsRequest,
  call: Call,
): Promise<ListPaymentsResponse> {
  const reader = readerOf(call);
  const readerId = callerId(reader);
  const page = app.pages.open(request, "payments", readerId, request.status, request.bookingId);
  const found = await list(app.db, isOverseer(reader) ? undefined : readerId, request, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.createTime, row.id]);
  await recordReads(app, call, rows);
  return { payments: rows.map(toPayment), nextPageToken };
}

/** Audits reads by admins and internal systems, because a payment reveals which doctor a patient has seen. */
export async function recordReads(app: Billing, call: Call, rows: PaymentRow[]): Promise<void> {
  if (!isOverseer(readerOf(call))) return;
  const accesses = rows.map((row) => ({ resource: `payments/${row.id}`, subjectIds: [row.patientId] }));
  await app.audit.record(call, accesses);
}
