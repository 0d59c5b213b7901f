import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import { TERRITORIES } from "@medconnect/platform/i18n/regions.ts";

/**
 * SQL such as `WHEN 'PR' THEN 'US'`, for each territory that has its own code and is listed under a country
 * in ISO 3166-2.
 */
const COUNTRIES = [
  ...new Map([...TERRITORIES].map(([listed, own]) => [own.slice(0, 2), listed.slice(0, 2)] as const)),
]
  .map(([territory, country]) => `WHEN '${territory}' THEN '${country}'`)
  .join(" ");

/**
 * SQL condition: licence `l` covers a patient's region. The licence is for the same region, or for its
 * country. A territory has two countries: its own code and the one that ISO 3166-2 lists it under, so US
 * covers PR. The licence of a subdivision covers no country.
 *
 * @param region SQL of the patient's region, used three times
 */
export const covers = (region: string): string =>
  `l.region IN (${region}, LEFT(${region}, 2), CASE LEFT(${region}, 2) ${COUNTRIES} END)`;

/**
 * Parameters of `covers`. @param values parameters of the SQL given as `region`: for "?", the region itself
 */
export const coversValues = (...values: SqlValue[]): SqlValue[] => [...values, ...values, ...values];
