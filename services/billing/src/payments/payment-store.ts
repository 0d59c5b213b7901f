import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Count } from "@medconnect/platform/stats/utc-days.ts";
import type {
  ListPaymentsRequest,
  Payment_Status,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { FeeDecision } from "./payment-rules.ts";

export interface PaymentRow {
  id: string;
  booking_id: string;
  consultation_id: string;
  patient_id: string;
  doctor_id: string;
  status: Payment_Status;
  feeDecision: FeeDecision | null;
  currency: string;
  amount_minor: number;
  /** That billing wrote ids and amount. */
  proof: Buffer;
  refunded_minor: number;
  /** Of refunds that are PENDING. */
  refunding_minor: number;
  hold_expire_time: Date;
  attempt_id: string | null;
  /** The attempt that `attempt_id` replaces, until the provider has cancelled it. */
  replaced_attempt_id: string | null;
  provider: string;
  provider_reference: string | null;
  last_error: string | null;
  next_action_url: string | null;
  authorize_time: Date | null;
  /** When the provider lets go of what is authorized. */
  authorization_expire_time: Date | null;
  capture_time: Date | null;
  version: number;
  create_time: Date;
  /** When the settler takes its step up; null also where it has given up. */
  process_time: Date | null;
  process_tries: number;
  /** Since when its step has been left to do; null where there is none. */
  due_since: Date | null;
}

const SELECT = `SELECT id, booking_id, consultation_id, patient_id, doctor_id, status, fee_decision AS feeDecision, currency, amount_minor,
    proof, refunded_minor, refunding_minor, hold_expire_time, attempt_id, replaced_attempt_id, provider, provider_reference, last_error, next_action_url,
    authorize_time, authorization_expire_time, capture_time, version, create_time, process_time, process_tries, due_since
  FROM payments`;

/** Takes what is due, unless another settler has. */
const TAKE = `${SELECT} WHERE process_time <= ? ORDER BY process_time LIMIT 20 FOR UPDATE SKIP LOCKED`;
/** Lets the next try come after 2, 4, 8 … 64 s: by then a crashed one is over, and a slow provider is not stormed. */
const LEASE = `UPDATE payments SET process_time = ? + INTERVAL 2 << LEAST(process_tries, 5) SECOND,
  process_tries = process_tries + 1 WHERE id IN (?)`;

export function insertPayments(tx: Transaction, rows: PaymentRow[]): void {
  if (rows.length === 0) return;
  tx.defer(
    `INSERT INTO payments (id, booking_id, consultation_id, patient_id, doctor_id, status, currency, amount_minor, proof,
       hold_expire_time, provider, version, create_time) VALUES ?`,
    [
      rows.map((row) => [
        binaryId(row.id),
        binaryId(row.booking_id),
        binaryId(row.consultation_id),
        binaryId(row.patient_id),
        binaryId(row.doctor_id),
        row.status,
        row.currency,
        row.amount_minor,
        row.proof,
        row.hold_expire_time,
        row.provider,
        row.version,
        row.create_time,
      ]),
    ],
  );
}

export async function findPayment(db: Database, id: string): Promise<PaymentRow | undefined> {
  const [row] = await db.read<PaymentRow>(`${SELECT} WHERE id = ?`, [binaryId(id)]);
  return row;
}

export async function lockPayment(tx: Transaction, id: string): Promise<PaymentRow> {
  return (await lockPayments(tx, [id])).get(id)!;
}

/** Locks those payments that exist, in the order of ids. @returns them by id */
export async function lockPayments(tx: Transaction, ids: string[]): Promise<Map<string, PaymentRow>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.lock<PaymentRow>(`${SELECT} WHERE id IN (?) ORDER BY id FOR UPDATE`, [
    ids.map(binaryId),
  ]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Writes what can change in a payment's life. */
export function savePayment(tx: Transaction, row: PaymentRow): void {
  tx.defer(
    `UPDATE payments SET status = ?, fee_decision = ?, refunded_minor = ?, refunding_minor = ?, hold_expire_time = ?, attempt_id = ?,
       replaced_attempt_id = ?, provider = ?, provider_reference = ?, last_error = ?, next_action_url = ?, authorize_time = ?, authorization_expire_time = ?, capture_time = ?,
       version = ?, process_time = ?, process_tries = ?, due_since = ?
     WHERE id = ?`,
    [
      row.status,
      row.feeDecision,
      row.refunded_minor,
      row.refunding_minor,
      row.hold_expire_time,
      binaryId(row.attempt_id),
      binaryId(row.replaced_attempt_id),
      row.provider,
      row.provider_reference,
      row.last_error,
      row.next_action_url,
      row.authorize_time,
      row.authorization_expire_time,
      row.capture_time,
      row.version,
      row.process_time,
      row.process_tries,
      row.due_since,
      binaryId(row.id),
    ],
  );
}

/** Payments with something to do at the provider that is due now. Taken ones are due again later, whatever happens. */
export async function takeDuePayments(db: Database, now: Date): Promise<PaymentRow[]> {
  return await db.transaction(async (tx) => {
    const due = await tx.read<PaymentRow>(TAKE, [now]);
    if (due.length > 0) tx.defer(LEASE, [now, due.map((row) => binaryId(row.id))]);
    return due;
  });
}

/** Lets the settler ask about an attempt that it has not taken up yet, from then on. */
export function endLease(tx: Transaction, paymentId: string, askTime: Date): void {
  tx.defer(
    `UPDATE payments SET process_time = LEAST(process_time, ?) WHERE id = ? AND status = 'PROCESSING' AND process_tries = 0`,
    [askTime, binaryId(paymentId)],
  );
}

/** Up to a hundred payments whose authorization lapses by then and about which nothing is decided. */
export async function findExpiring(db: Database, by: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT id FROM payments WHERE status = 'AUTHORIZED' AND fee_decision IS NULL AND authorization_expire_time <= ?
     ORDER BY authorization_expire_time LIMIT ?`,
    [by, limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * Payments that match, newest first; of one patient where one is given. The key is named, so that no other plan sorts all. A status
 * is a scan of the patient's payments.
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
    `${SELECT} FORCE INDEX (${keyOf(patientId, request)}) ${sql} ORDER BY create_time DESC, id DESC LIMIT ?`,
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

/** What was captured and not returned. */
export async function sumRevenue(db: Database): Promise<{ currency: string; minor: string }[]> {
  return await db.scan(
    `SELECT currency, SUM(amount_minor - refunded_minor) AS minor FROM payments
     WHERE status IN ('CAPTURED', 'PARTIALLY_REFUNDED') GROUP BY currency ORDER BY currency`,
  );
}
