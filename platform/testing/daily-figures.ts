import { readFile } from "node:fs/promises";
import type { Database } from "../db/database.ts";
import { foldAdditions, readDailyTotals } from "../stats/daily-totals-store.ts";

/** All figures that a service has counted, as texts such as "2030-01-01 AMOUNT_CAPTURED EUR 5000". */
export async function countedFigures(db: Database): Promise<string[]> {
  const totals = await readDailyTotals(db, "1900-01-01", "2199-12-31");
  return totals
    .map(({ date, figure, label, total }) =>
      [date, figure, label, total].filter((part) => part !== "").join(" "),
    )
    .sort();
}

/**
 * Figures that a service's migration finds in the rows of the service. Replaces the counted figures.
 *
 * @param migration file whose last statement inserts the figures
 */
export async function migratedFigures(db: Database, migration: string): Promise<string[]> {
  const sql = await readFile(migration, "utf8");
  while (await foldAdditions(db));
  await db.write("DELETE FROM daily_totals");
  await db.write(sql.slice(sql.indexOf("INSERT INTO daily_totals"), sql.lastIndexOf(";")));
  return await countedFigures(db);
}
