import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import { TERRITORIES } from "@medconnect/platform/i18n/regions.ts";

/**
 * SQL cases such as `WHEN 'PR' THEN 'US'`: one for each territory that has its own country code, although ISO
 * 3166-2 lists it under another country.
 */
const COUNTRIES = [
  ...new Map([...TERRITORIES].map(([listed, own]) => [own.slice(0, 2), listed.slice(0, 2)] as const)),
]
  .map(([territory, country]) => `WHEN '${territory}' THEN '${country}'`)
  .join(" ");

/**
 * SQL condition: licence `l` covers a patient's region. The licence is for the same region, or for the
 * country of this region. A territory has two country codes: its own, and the one under which ISO 3166-2
 * lists it. So a licence for US covers PR. The licence for a subdivision does not cover the whole country.
 *
 * @param region SQL expression for the patient's region; the condition contains it three times
 */
export const covers = (region: string): string =>
  `l.region IN (${region}, LEFT(${region}, 2), CASE LEFT(${region}, 2) ${COUNTRIES} END)`;

/**
 * Returns the parameters of the SQL condition `covers`.
 *
 * @param values parameters of the SQL expression `region`; if the expression is "?", the region itself
 */
export const coversValues = <V extends SqlValue>(...values: V[]): V[] => [...values, ...values, ...values];
