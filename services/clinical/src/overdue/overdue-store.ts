import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { following, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ConsultationRow, ListedConsultation } from "../consultations/consultation.ts";
import { CONSULTATION_FLAGS, LISTED, NAMES } from "../consultations/consultation-store.ts";

/** Saves the time at which a consultation was reported as overdue, and its new version. */
export function saveOverdue(
  tx: Transaction,
  { id, overdueTime, version }: Pick<ConsultationRow, "id" | "overdueTime" | "version">,
): void {
  tx.defer("UPDATE consultations SET overdue_time = ?, version = ? WHERE id = ?", [
    overdueTime,
    version,
    binaryId(id),
  ]);
}

/**
 * Ids of consultations in progress whose end time is at or before the given time, and which are not reported
 * as overdue yet. Earliest end first.
 */
export async function findUnreportedOverdue(db: Database, before: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT id FROM consultations WHERE status = 'IN_PROGRESS' AND end_time <= ? AND overdue_time IS NULL
     ORDER BY end_time LIMIT ?`,
    [before, limit],
  );
  return rows.map(({ id }) => id);
}

/** Consultations in progress whose end time is at or before the given time, earliest end first. */
export async function listOverdue(db: Database, before: Date, page: Page): Promise<ListedConsultation[]> {
  const { sql, params } = where(
    ["c.status = ?", "IN_PROGRESS"],
    ["c.end_time <= ?", before],
    following("c.end_time", "c.id", page.after),
  );
  // Only completed consultations have addenda.
  const rows = await db.read<ListedConsultation>(
    `SELECT ${LISTED}, 0 AS addendaCount
     FROM (SELECT c.id FROM consultations c FORCE INDEX (consultations_by_status) ${sql}
       ORDER BY c.end_time, c.id LIMIT ?) page
     JOIN consultations c ON c.id = page.id ${NAMES} ORDER BY c.end_time, c.id`,
    [...params, limitOf(page)],
  );
  return withBooleans(rows, CONSULTATION_FLAGS);
}
