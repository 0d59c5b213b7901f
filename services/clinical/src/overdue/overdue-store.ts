import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { following, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ConsultationRow, ListedConsultation } from "../consultations/consultation.ts";
import { LISTED, NAMES } from "../consultations/consultation-store.ts";

/** Notes that the doctor was told that the consultation is long over, under the version that follows. */
export function saveOverdue(tx: Transaction, { id, version }: ConsultationRow, now: Date): void {
  tx.defer("UPDATE consultations SET overdue_time = ?, version = ? WHERE id = ?", [
    now,
    version,
    binaryId(id),
  ]);
}

/** Consultations in progress whose end is at or before a time, without an event about it yet. */
export async function findUntoldOverdue(db: Database, by: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT id FROM consultations WHERE status = 'IN_PROGRESS' AND end_time <= ? AND overdue_time IS NULL
     ORDER BY end_time LIMIT ?`,
    [by, limit],
  );
  return rows.map((row) => row.id);
}

/** Consultations in progress whose end is at or before a time, longest overdue first. */
export async function listOverdue(db: Database, by: Date, page: Page): Promise<ListedConsultation[]> {
  const { sql, params } = where(
    ["c.status = ?", "IN_PROGRESS"],
    ["c.end_time <= ?", by],
    following("c.end_time", "c.id", page.after),
  );
  return await db.read<ListedConsultation>(
    `SELECT ${LISTED}, 0 AS addenda_count
     FROM (SELECT c.id FROM consultations c FORCE INDEX (consultations_by_status) ${sql}
       ORDER BY c.end_time, c.id LIMIT ?) page
     JOIN consultations c ON c.id = page.id ${NAMES} ORDER BY c.end_time, c.id`,
    [...params, limitOf(page)],
  );
}
