import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { ChargeStatus, RefundOutcome } from "./provider.ts";

/** A charge that is pending is stored as what it becomes at its `outcome_time`, unless it is voided before. */
export interface StubChargeRow {
  attempt_id: string;
  reference: string;
  status: Exclude<ChargeStatus, "PENDING">;
  currency: string;
  amount_minor: number;
  decline_code: string | null;
  next_action_url: string | null;
  outcome_time: Date;
  /** Voided from then on, unless captured. */
  authorization_expire_time: Date;
  /** How its refunds end. */
  refund_status: StubRefundStatus;
}

export type StubRefundStatus = Exclude<RefundOutcome["status"], "PENDING">;

/** Inserts the charge unless its attempt has one. */
export async function insertCharge(db: Database, row: StubChargeRow): Promise<void> {
  await db.write(
    `INSERT INTO stub_charges (attempt_id, reference, status, currency, amount_minor, decline_code, next_action_url,
       outcome_time, authorization_expire_time, refund_status)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE reference = stub_charges.reference`,
    [
      binaryId(row.attempt_id),
      row.reference,
      row.status,
      row.currency,
      row.amount_minor,
      row.decline_code,
      row.next_action_url,
      row.outcome_time,
      row.authorization_expire_time,
      row.refund_status,
    ],
  );
}

export async function findCharge(db: Database, attemptId: string): Promise<StubChargeRow | undefined> {
  const [row] = await db.read<StubChargeRow>(
    `SELECT attempt_id, reference, status, currency, amount_minor, decline_code, next_action_url, outcome_time,
       authorization_expire_time, refund_status
     FROM stub_charges WHERE attempt_id = ?`,
    [binaryId(attemptId)],
  );
  return row;
}

/** Takes what is authorized; leaves a charge that is pending, has lapsed, or has any other status alone. */
export async function captureCharge(db: Database, attemptId: string, now: Date): Promise<void> {
  await db.write(
    `UPDATE stub_charges SET status = 'CAPTURED'
     WHERE attempt_id = ? AND status = 'AUTHORIZED' AND outcome_time <= ? AND authorization_expire_time > ?`,
    [binaryId(attemptId), now, now],
  );
}

/** Lets go of a charge that is authorized, or waits for its patient; leaves any other alone. */
export async function voidCharge(db: Database, attemptId: string, now: Date): Promise<void> {
  await db.write(
    `UPDATE stub_charges SET status = 'VOIDED'
     WHERE attempt_id = ? AND status = 'AUTHORIZED' AND (outcome_time <= ? OR next_action_url IS NOT NULL) AND authorization_expire_time > ?`,
    [binaryId(attemptId), now, now],
  );
}

/** Refunds a captured charge, once a refund. @returns how it ended; undefined where nothing was captured */
export async function insertRefund(
  db: Database,
  refundId: string,
  attemptId: string,
  amountMinor: number,
): Promise<StubRefundStatus | undefined> {
  await db.write(
    `INSERT INTO stub_refunds (refund_id, attempt_id, status, amount_minor)
     SELECT ?, attempt_id, refund_status, ? FROM stub_charges WHERE attempt_id = ? AND status = 'CAPTURED'
     ON DUPLICATE KEY UPDATE refund_id = stub_refunds.refund_id`,
    [binaryId(refundId), amountMinor, binaryId(attemptId)],
  );
  const [row] = await db.read<{ status: StubRefundStatus }>(
    "SELECT status FROM stub_refunds WHERE refund_id = ?",
    [binaryId(refundId)],
  );
  return row?.status;
}
