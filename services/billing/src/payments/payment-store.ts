import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { PaymentRow } from "./payment.ts";

export const SELECT_PAYMENTS = `SELECT id, booking_id AS bookingId, consultation_id AS consultationId,
    patient_id AS patientId, doctor_id AS doctorId, status, fee_decision AS feeDecision, currency,
    amount_minor AS amountMinor, proof, refunded_minor AS refundedMinor, refunding_minor AS refundingMinor,
    hold_expire_time AS holdExpireTime, attempt_id AS attemptId, replaced_attempt_id AS replacedAttemptId,
    provider, provider_reference AS providerReference, last_error AS lastError,
    next_action_url AS nextActionUrl, authorize_time AS authorizeTime,
    authorization_expire_time AS authorizationExpireTime,
    capture_time AS captureTime, version, create_time AS createTime, process_time AS processTime,
    process_tries AS processTries, due_since AS dueSince
  FROM payments`;
const INSERT = `INSERT INTO payments (id, booking_id, consultation_id, patient_id, doctor_id, status,
    currency, amount_minor, proof, hold_expire_time, provider, version, create_time) VALUES ?`;
const SAVE = `UPDATE payments SET status = ?, fee_decision = ?, refunded_minor = ?, refunding_minor = ?,
    hold_expire_time = ?, attempt_id = ?, replaced_attempt_id = ?, provider = ?, provider_reference = ?,
    last_error = ?, next_action_url = ?, authorize_time = ?, authorization_expire_time = ?, capture_time = ?,
    version = ?, process_time = ?, process_tries = ?, due_since = ?
  WHERE id = ?`;
const END_LEASE = `UPDATE payments SET process_time = LEAST(process_time, ?)
  WHERE id = ? AND status = 'PROCESSING' AND process_tries = 0`;
const FIND_EXPIRING = `SELECT id FROM payments
  WHERE status = 'AUTHORIZED' AND fee_decision IS NULL AND authorization_expire_time <= ?
  ORDER BY authorization_expire_time LIMIT ?`;

export function insertPayments(tx: Transaction, rows: PaymentRow[]): void {
  if (rows.length === 0) return;
  const values = rows.map((row) => [
    binaryId(row.id),
    binaryId(row.bookingId),
    binaryId(row.consultationId),
    binaryId(row.patientId),
    binaryId(row.doctorId),
    row.status,
    row.currency,
    row.amountMinor,
    row.proof,
    row.holdExpireTime,
    row.provider,
    row.version,
    row.createTime,
  ]);
  tx.defer(INSERT, [values]);
}

export async function findPayment(db: Database, id: string): Promise<PaymentRow | undefined> {
  const [row] = await db.read<PaymentRow>(`${SELECT_PAYMENTS} WHERE id = ?`, [binaryId(id)]);
  return row;
}

/** Finds a payment by an id that another row refers to. Throws if the payment does not exist. */
export const readPayment = async (db: Database, id: string): Promise<PaymentRow> =>
  assertExists(await findPayment(db, id), id);

/** Locks a payment until the transaction ends. Throws if the payment does not exist. */
export const lockPayment = async (tx: Transaction, id: string): Promise<PaymentRow> =>
  assertExists((await lockPayments(tx, [id])).get(id), id);

function assertExists(row: PaymentRow | undefined, id: string): PaymentRow {
  if (!row) throw new Error(`payment ${id} does not exist`);
  return row;
}

/** Locks those payments that exist, in the order of their ids. @returns the locked payments by id */
export async function lockPayments(tx: Transaction, ids: string[]): Promise<Map<string, PaymentRow>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.lock<PaymentRow>(`${SELECT_PAYMENTS} WHERE id IN (?) ORDER BY id FOR UPDATE`, [
    ids.map(binaryId),
  ]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** Writes a payment's mutable columns. */
export function savePayment(tx: Transaction, row: PaymentRow): void {
  tx.defer(SAVE, [
    row.status,
    row.feeDecision,
    row.refundedMinor,
    row.refundingMinor,
    row.holdExpireTime,
    binaryId(row.attemptId),
    binaryId(row.replacedAttemptId),
    row.provider,
    row.providerReference,
    row.lastError,
    row.nextActionUrl,
    row.authorizeTime,
    row.authorizationExpireTime,
    row.captureTime,
    row.version,
    row.processTime,
    row.processTries,
    row.dueSince,
    binaryId(row.id),
  ]);
}

/** Shortens a request's lease on its attempt, unless the processing job has taken the attempt over. */
export function endLease(tx: Transaction, paymentId: string, processTime: Date): void {
  tx.defer(END_LEASE, [processTime, binaryId(paymentId)]);
}

/** Payments without a fee decision whose authorization expires at `by` or earlier. */
export async function findExpiring(db: Database, by: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(FIND_EXPIRING, [by, limit]);
  return rows.map(({ id }) => id);
}
