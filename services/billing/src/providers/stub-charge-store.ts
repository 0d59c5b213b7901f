import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { ChargeStatus, RefundStatus } from "./provider.ts";

/** A charge of the stub provider. The charge is PENDING until `outcomeTime`, unless it is voided earlier. */
export interface StubChargeRow {
  attemptId: string;
  reference: string;
  /** Status after `outcomeTime`. */
  status: Exclude<ChargeStatus, "PENDING">;
  currency: string;
  amountMinor: number;
  declineCode: string | null;
  nextActionUrl: string | null;
  outcomeTime: Date;
  /** Time at which an uncaptured charge becomes VOIDED. */
  authorizationExpireTime: Date;
  /** Outcome of every refund of the charge. */
  refundStatus: StubRefundStatus;
}

export type StubRefundStatus = Exclude<RefundStatus, "PENDING">;

const INSERT = `INSERT INTO stub_charges (attempt_id, reference, status, currency, amount_minor, decline_code,
    next_action_url, outcome_time, authorization_expire_time, refund_status)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON DUPLICATE KEY UPDATE reference = stub_charges.reference`;
const FIND = `SELECT attempt_id AS attemptId, reference, status, currency, amount_minor AS amountMinor,
    decline_code AS declineCode, next_action_url AS nextActionUrl, outcome_time AS outcomeTime,
    authorization_expire_time AS authorizationExpireTime, refund_status AS refundStatus
  FROM stub_charges WHERE attempt_id = ?`;
const CAPTURE = `UPDATE stub_charges SET status = 'CAPTURED'
  WHERE attempt_id = ? AND status = 'AUTHORIZED' AND outcome_time <= ? AND authorization_expire_time > ?`;
const VOID = `UPDATE stub_charges SET status = 'VOIDED'
  WHERE attempt_id = ? AND status = 'AUTHORIZED' AND (outcome_time <= ? OR next_action_url IS NOT NULL)
    AND authorization_expire_time > ?`;
const INSERT_REFUND = `INSERT INTO stub_refunds (refund_id, attempt_id, status, amount_minor)
  SELECT ?, attempt_id, refund_status, ? FROM stub_charges WHERE attempt_id = ? AND status = 'CAPTURED'
  ON DUPLICATE KEY UPDATE refund_id = stub_refunds.refund_id`;
const FIND_REFUND = "SELECT status FROM stub_refunds WHERE refund_id = ?";

/** Inserts the charge, unless a charge of the same attempt exists. */
export async function insertCharge(db: Database, row: StubChargeRow): Promise<void> {
  await db.write(INSERT, [
    binaryId(row.attemptId),
    row.reference,
    row.status,
    row.currency,
    row.amountMinor,
    row.declineCode,
    row.nextActionUrl,
    row.outcomeTime,
    row.authorizationExpireTime,
    row.refundStatus,
  ]);
}

export async function findCharge(db: Database, attemptId: string): Promise<StubChargeRow | undefined> {
  const [row] = await db.read<StubChargeRow>(FIND, [binaryId(attemptId)]);
  return row;
}

/** Captures the charge if it is AUTHORIZED at the time `now`; otherwise does nothing. */
export async function captureCharge(db: Database, attemptId: string, now: Date): Promise<void> {
  await db.write(CAPTURE, [binaryId(attemptId), now, now]);
}

/** Voids the charge if it is AUTHORIZED at the time `now`, or waits for its payer; otherwise does nothing. */
export async function voidCharge(db: Database, attemptId: string, now: Date): Promise<void> {
  await db.write(VOID, [binaryId(attemptId), now, now]);
}

/**
 * Refunds a captured charge once for each refund id.
 *
 * @returns the outcome; undefined if nothing was captured
 */
export async function insertRefund(
  db: Database,
  refundId: string,
  attemptId: string,
  amountMinor: number,
): Promise<StubRefundStatus | undefined> {
  await db.write(INSERT_REFUND, [binaryId(refundId), amountMinor, binaryId(attemptId)]);
  const [row] = await db.read<{ status: StubRefundStatus }>(FIND_REFUND, [binaryId(refundId)]);
  return row?.status;
}
