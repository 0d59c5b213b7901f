import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

export interface AttemptRow {
  id: string;
  paymentId: string;
  /** Idempotency key of the request. The outcome of the attempt is stored as the response to this key. */
  keyId: Buffer;
  /** Encrypted; null once the attempt has ended. */
  paymentMethod: Buffer | null;
}

const INSERT = `INSERT INTO payment_attempts (id, payment_id, key_id, payment_method, status, create_time)
  VALUES ?`;
const FIND = `SELECT id, payment_id AS paymentId, key_id AS keyId, payment_method AS paymentMethod
  FROM payment_attempts WHERE id = ?`;
const FIND_ENDED = "SELECT id FROM payment_attempts WHERE id = ? AND status <> 'PROCESSING'";
const END = `UPDATE payment_attempts SET status = ?, decline_code = ?, payment_method = NULL, end_time = ?
  WHERE id = ?`;

export function insertAttempts(tx: Transaction, rows: AttemptRow[], now: Date): void {
  const values = rows.map(({ id, paymentId, keyId, paymentMethod }) => [
    binaryId(id),
    binaryId(paymentId),
    keyId,
    paymentMethod,
    "PROCESSING",
    now,
  ]);
  tx.defer(INSERT, [values]);
}

export async function findAttempt(db: Database, id: string): Promise<AttemptRow | undefined> {
  const [row] = await db.read<AttemptRow>(FIND, [binaryId(id)]);
  return row;
}

export async function isAttemptEnded(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx.read(FIND_ENDED, [binaryId(id)]);
  return rows.length > 0;
}

/** Ends an attempt. A declined attempt has a decline code; a cancelled one has none. */
export function endAttempt(
  tx: Transaction,
  id: string,
  { status, declineCode }: { status: "AUTHORIZED" | "FAILED"; declineCode: string | null },
  now: Date,
): void {
  tx.defer(END, [status, declineCode, now, binaryId(id)]);
}
