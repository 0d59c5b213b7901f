import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

export interface AttemptRow {
  id: string;
  payment_id: string;
  /** The idempotency key whose answer is the outcome. */
  key_id: Buffer;
  /** Sealed; null once the attempt has ended. */
  payment_method: Buffer | null;
}

export function insertAttempts(tx: Transaction, rows: AttemptRow[], now: Date): void {
  tx.defer(
    `INSERT INTO payment_attempts (id, payment_id, key_id, payment_method, status, create_time) VALUES ?`,
    [
      rows.map((row) => [
        binaryId(row.id),
        binaryId(row.payment_id),
        row.key_id,
        row.payment_method,
        "PROCESSING",
        now,
      ]),
    ],
  );
}

export async function findAttempt(db: Database, id: string): Promise<AttemptRow | undefined> {
  const [row] = await db.read<AttemptRow>(
    "SELECT id, payment_id, key_id, payment_method FROM payment_attempts WHERE id = ?",
    [binaryId(id)],
  );
  return row;
}

export async function isAttemptEnded(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx.read("SELECT id FROM payment_attempts WHERE id = ? AND status <> 'PROCESSING'", [
    binaryId(id),
  ]);
  return rows.length > 0;
}

/** Ends an attempt: one that failed was declined for a reason, or was called off. */
export function endAttempt(
  tx: Transaction,
  id: string,
  { status, declineCode }: { status: "AUTHORIZED" | "FAILED"; declineCode: string | null },
  now: Date,
): void {
  tx.defer(
    "UPDATE payment_attempts SET status = ?, decline_code = ?, payment_method = NULL, end_time = ? WHERE id = ?",
    [status, declineCode, now, binaryId(id)],
  );
}
