import type { Database } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";
import { type DailyCount, type DailyTotal, totalsOf } from "./daily-counts.ts";

const FOLDED_AT_ONCE = 1000;

const INSERT = "INSERT INTO daily_additions (day, figure, label, amount) VALUES ?";
const TAKE = "SELECT seq FROM daily_additions ORDER BY seq LIMIT ? FOR UPDATE SKIP LOCKED";
// Writes the totals in the order of their key, so that concurrent folds lock them in one order.
const ADD = `INSERT INTO daily_totals (day, figure, label, total)
  SELECT * FROM (SELECT day, figure, label, SUM(amount) AS amount FROM daily_additions WHERE seq IN (?)
    GROUP BY day, figure, label ORDER BY day, figure, label) added
  ON DUPLICATE KEY UPDATE total = total + added.amount`;
const DELETE = "DELETE FROM daily_additions WHERE seq IN (?)";
// One statement reads both tables, because it sees a fold in both of them or in neither.
const READ = `SELECT DATE_FORMAT(day, '%Y-%m-%d') AS date, figure, label, SUM(amount) AS total FROM (
    SELECT day, figure, label, total AS amount FROM daily_totals WHERE day BETWEEN ? AND ?
    UNION ALL SELECT day, figure, label, amount FROM daily_additions WHERE day BETWEEN ? AND ?) counted
  GROUP BY day, figure, label HAVING total <> 0 ORDER BY figure, label, day`;

/** Counts changes in the figures of their days, in the transaction of the changes. */
export function count(tx: Transaction, counts: readonly DailyCount[]): void {
  const rows = totalsOf(counts).map(({ date, figure, label, total }) => [date, figure, label, total]);
  if (rows.length > 0) tx.defer(INSERT, [rows]);
}

/** Moves additions into the totals, exactly once. @returns true if more may be left */
export const foldAdditions = (db: Database): Promise<boolean> =>
  db.transaction(async (tx) => {
    const taken = (await tx.read<{ seq: number }>(TAKE, [FOLDED_AT_ONCE])).map(({ seq }) => seq);
    if (taken.length === 0) return false;
    tx.defer(ADD, [taken]);
    tx.defer(DELETE, [taken]);
    return taken.length === FOLDED_AT_ONCE;
  });

/** Totals from the first to the last date, by figure, label and day. MySQL returns the sums as text. */
export async function readDailyTotals(
  db: Database,
  startDate: string,
  endDate: string,
): Promise<DailyTotal[]> {
  const range = [startDate, endDate];
  const rows = await db.scan<Omit<DailyTotal, "total"> & { total: string }>(READ, [...range, ...range]);
  return rows.map((row) => ({ ...row, total: Number(row.total) }));
}
