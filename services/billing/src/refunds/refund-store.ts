import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { RefundOutcome } from "../providers/provider.ts";

export interface RefundRow {
  id: string;
  payment_id: string;
  status: RefundOutcome["status"];
  amount_minor: number;
  /** Sealed. */
  reason: Buffer;
  /** The idempotency key whose answer is the outcome; null where nobody asked. */
  key_id: Buffer | null;
  provider_reference: string | null;
  create_time: Date;
  process_time: Date | null;
  process_tries: number;
}

const SELECT = `SELECT id, payment_id, status, amount_minor, reason, key_id, provider_reference, create_time, process_time,
    process_tries
  FROM refunds`;

/** Takes what is due, unless another settler has. */
const TAKE = `${SELECT} WHERE process_time <= ? ORDER BY process_time LIMIT 20 FOR UPDATE SKIP LOCKED`;
/** Lets the next try come after 2, 4, 8 … 64 s, as with payments. */
const LEASE = `UPDATE refunds SET process_time = ? + INTERVAL 2 << LEAST(process_tries, 5) SECOND,
  process_tries = process_tries + 1 WHERE id IN (?)`;

export function insertRefund(tx: Transaction, row: RefundRow): void {
  tx.defer(
    `INSERT INTO refunds (id, payment_id, status, amount_minor, reason, key_id, create_time, process_time)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      binaryId(row.id),
      binaryId(row.payment_id),
      row.status,
      row.amount_minor,
      row.reason,
      row.key_id,
      row.create_time,
      row.process_time,
    ],
  );
}

export async function findRefund(db: Database, id: string): Promise<RefundRow | undefined> {
  const [row] = await db.read<RefundRow>(`${SELECT} WHERE id = ?`, [binaryId(id)]);
  return row;
}

/** Locks a refund; its payment is locked before. */
export async function lockRefund(tx: Transaction, id: string): Promise<RefundRow> {
  const [row] = await tx.read<RefundRow>(`${SELECT} WHERE id = ? FOR UPDATE`, [binaryId(id)]);
  return row!;
}

/** How many refunds of a payment have failed; the payment is locked. */
export async function countFailed(tx: Transaction, paymentId: string): Promise<number> {
  const [row] = await tx.read<{ count: number }>(
    "SELECT COUNT(*) AS count FROM refunds WHERE payment_id = ? AND status = 'FAILED'",
    [binaryId(paymentId)],
  );
  return row!.count;
}

/** Writes what can change in a refund's life. */
export function saveRefund(tx: Transaction, row: RefundRow): void {
  tx.defer("UPDATE refunds SET status = ?, provider_reference = ?, process_time = ? WHERE id = ?", [
    row.status,
    row.provider_reference,
    row.process_time,
    binaryId(row.id),
  ]);
}

/** Refunds that are due now. Taken ones are due again later, whatever happens. */
export async function takeDueRefunds(db: Database, now: Date): Promise<RefundRow[]> {
  return await db.transaction(async (tx) => {
    const due = await tx.read<RefundRow>(TAKE, [now]);
    if (due.length > 0) tx.defer(LEASE, [now, due.map((row) => binaryId(row.id))]);
    return due;
  });
}

/** A payment's refunds, newest first. */
export async function listRefunds(db: Database, paymentId: string, page: Page): Promise<RefundRow[]> {
  const { sql, params } = where(
    ["payment_id = ?", binaryId(paymentId)],
    before("create_time", "id", page.after),
  );
  return await db.read<RefundRow>(`${SELECT} ${sql} ORDER BY create_time DESC, id DESC LIMIT ?`, [
    ...params,
    limitOf(page),
  ]);
}
