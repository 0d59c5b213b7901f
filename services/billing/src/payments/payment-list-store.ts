import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Count } from "@medconnect/platform/stats/utc-days.ts";
import type {
  ListPaymentsRequest,
  Payment_Status,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { PaymentRow } from "./payment.ts";
import { SELECT_PAYMENTS } from "./payment-store.ts";

/**
 * Matching payments, newest first. FORCE INDEX keeps MySQL from a plan that sorts the whole table. No index
 * covers patient and status, so a filter by status scans the patient's payments.
 *
 * @param patientId undefined: payments of all patients
 */
export async function listPayments(
  db: Database,
  patientId: string | undefined,
  request: ListPaymentsRequest,
  page: Page,
): Promise<PaymentRow[]> {
  const status = request.status === "STATUS_UNSPECIFIED" ? undefined : request.status;
  const { sql, params } = where(
    ["patient_id = ?", binaryId(patientId)],
    ["status = ?", status],
    ["booking_id = ?", binaryId(request.bookingId || undefined)],
    before("create_time", "id", page.after),
  );
  const isKeyed = status === undefined || patientId === undefined;
  return await db[isKeyed ? "read" : "scan"]<PaymentRow>(
    `${SELECT_PAYMENTS} FORCE INDEX (${keyOf(patientId, request)}) ${sql}
     ORDER BY create_time DESC, id DESC LIMIT ?`,
    [...params, limitOf(page)],
  );
}

function keyOf(patientId: string | undefined, { bookingId, status }: ListPaymentsRequest): string {
  if (bookingId) return "one_payment_a_booking";
  if (patientId !== undefined) return "payments_by_patient";
  return status === "STATUS_UNSPECIFIED" ? "payments_by_time" : "payments_by_status";
}

export async function countByStatus(db: Database): Promise<Count<Payment_Status>[]> {
  return await db.scan("SELECT status AS name, COUNT(*) AS count FROM payments GROUP BY status");
}

/** Sum of captured amounts minus refunds, by currency. MySQL returns the sum as text. */
export async function sumRevenue(db: Database): Promise<{ currency: string; minor: string }[]> {
  return await db.scan(
    `SELECT currency, SUM(amount_minor - refunded_minor) AS minor FROM payments
     WHERE status IN ('CAPTURED', 'PARTIALLY_REFUNDED') GROUP BY currency ORDER BY currency`,
  );
}
