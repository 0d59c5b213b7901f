import { leaveOutAltered } from "@medconnect/platform/crypto/leave-out-altered.ts";
import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { type Call, readerOf } from "@medconnect/platform/grpc/call.ts";
import { callerId, isOverseer } from "@medconnect/platform/identity/caller.ts";
import type {
  GetRefundRequest,
  ListRefundsRequest,
  ListRefundsResponse,
  Refund,
} from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import type { Billing } from "../app.ts";
import type { PaymentRow } from "../payments/payment.ts";
import { findPayment } from "../payments/payment-store.ts";
import { recordReads } from "../payments/read-payments.ts";
import { toRefund } from "./refund.ts";
import { findRefund, listRefunds as list } from "./refund-store.ts";

/** RefundService.GetRefund: for the payment's patient, admins and internal systems. Throws NOT_FOUND. */
export async function getRefund(
  app: Billing,
  { paymentId, refundId }: GetRefundRequest,
  call: Call,
): Promise<Refund> {
  const payment = await visiblePayment(app, paymentId, call);
  const row = await findRefund(app.db, refundId);
  if (row?.paymentId !== payment.id) throw new ApiError("NOT_FOUND");
  return toRefund(app, payment, row);
}

/**
 * RefundService.ListRefunds: for the payment's patient, admins and internal systems. Throws NOT_FOUND,
 * INVALID_PAGE_TOKEN.
 */
export async function listRefunds(
  app: Billing,
  request: ListRefundsRequest,
  call: Call,
): Promise<ListRefundsResponse> {
  const page = app.pages.open(request, "refunds", request.paymentId);
  const payment = await visiblePayment(app, request.paymentId, call);
  const found = await list(app.db, payment.id, page);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.createTime, row.id]);
  const refunds = leaveOutAltered(app.log, rows, (row) => toRefund(app, payment, row));
  return { refunds, nextPageToken };
}

async function visiblePayment(app: Billing, id: string, call: Call): Promise<PaymentRow> {
  const reader = readerOf(call);
  const payment = await findPayment(app.db, id);
  if (!payment) throw new ApiError("NOT_FOUND");
  if (!isOverseer(reader) && payment.patientId !== callerId(reader))
    throw hiddenFrom(`payments/${payment.id}`, payment.patientId);
  await recordReads(app, call, [payment]);
  return payment;
}
