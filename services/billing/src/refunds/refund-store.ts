import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { RefundRow } from "./refund.ts";

export const SELECT_REFUNDS = `SELECT id, payment_id AS paymentId, status, amount_minor AS amountMinor,
    reason, key_id AS keyId, provider_reference AS providerReference, create_time AS createTime,
    process_time AS processTime, process_tries AS processTries
  FROM refunds`;
const INSERT = `INSERT INTO refunds
    (id, payment_id, status, amount_minor, reason, key_id, create_time, process_time)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const SAVE = "UPDATE refunds SET status = ?, provider_reference = ?, process_time = ? WHERE id = ?";
const COUNT_FAILED = "SELECT COUNT(*) AS count FROM refunds WHERE payment_id = ? AND status = 'FAILED'";

export function insertRefund(tx: Transaction, row: RefundRow): void {
  tx.defer(INSERT, [
    binaryId(row.id),
    binaryId(row.paymentId),
    row.status,
    row.amountMinor,
    row.reason,
    row.keyId,
    row.createTime,
    row.processTime,
  ]);
}

export async function findRefund(db: Database, id: string): Promise<RefundRow | undefined> {
  const [row] = await db.read<RefundRow>(`${SELECT_REFUNDS} WHERE id = ?`, [binaryId(id)]);
  return row;
}

/**
 * Locks a refund. The caller has locked the payment. Throws for an unknown id, which is a bug, because
 * refunds are never deleted.
 */
export async function lockRefund(tx: Transaction, id: string): Promise<RefundRow> {
  const [row] = await tx.read<RefundRow>(`${SELECT_REFUNDS} WHERE id = ? FOR UPDATE`, [binaryId(id)]);
  if (!row) throw new Error(`refund ${id} does not exist`);
  return row;
}

/** Number of a payment's failed refunds. The caller has locked the payment. */
export async function countFailed(tx: Transaction, paymentId: string): Promise<number> {
  const [row] = await tx.read<{ count: number }>(COUNT_FAILED, [binaryId(paymentId)]);
  // biome-ignore lint/style/noNonNullAssertion: COUNT without GROUP BY always has one row
  return row!.count;
}

/** Writes a refund's mutable columns, except the number of tries. */
export function saveRefund(tx: Transaction, row: RefundRow): void {
  tx.defer(SAVE, [row.status, row.providerReference, row.processTime, binaryId(row.id)]);
}

/** A payment's refunds, newest first. */
export async function listRefunds(db: Database, paymentId: string, page: Page): Promise<RefundRow[]> {
  const { sql, params } = where(
    ["payment_id = ?", binaryId(paymentId)],
    before("create_time", "id", page.after),
  );
  return await db.read<RefundRow>(`${SELECT_REFUNDS} ${sql} ORDER BY create_time DESC, id DESC LIMIT ?`, [
    ...params,
    limitOf(page),
  ]);
}
