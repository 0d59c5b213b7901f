import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { canonicalRegion, TERRITORIES } from "@medconnect/platform/i18n/regions.ts";
import { iso31661, iso31662 } from "iso-3166";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { covers } from "./covers-sql.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());

/** All canonical region codes of ISO 3166. */
const REGIONS = [
  ...new Set(
    [...iso31661.map(({ alpha2 }) => alpha2), ...iso31662.map(({ code }) => code)].map(
      (code) => canonicalRegion(code)!,
    ),
  ),
];

/**
 * Takes pairs of a patient's region and a licence's region. Returns the pairs in which the licence covers the
 * patient.
 */
async function coveredPairs(pairs: string[][]): Promise<string[]> {
  const rows = await fixture.app.db.read<{ patient: string; region: string }>(
    `SELECT l.patient, l.region FROM JSON_TABLE(?, '$[*]' COLUMNS (patient VARCHAR(6) PATH '$[0]', region VARCHAR(6) PATH '$[1]')) l
     WHERE ${covers("l.patient")}`,
    [JSON.stringify(pairs)],
  );
  return rows.map(({ patient, region }) => `${patient} by ${region}`);
}

test("a licence covers its region, and a country's licence its subdivisions and listed territories", async () => {
  const owners = [...new Set([...TERRITORIES.keys()].map((code) => code.slice(0, 2)))];
  const pairs = REGIONS.flatMap((patient) =>
    [...new Set([patient, patient.slice(0, 2), "DE", "US-CA", ...owners])].map((region) => [patient, region]),
  );
  const isListedUnder = (patient: string, country: string) =>
    [...TERRITORIES].some(
      ([listed, own]) => listed.startsWith(`${country}-`) && own.slice(0, 2) === patient.slice(0, 2),
    );
  const expected = pairs.filter(
    ([patient, region]) =>
      patient === region || patient!.slice(0, 2) === region || isListedUnder(patient!, region!),
  );
  expect((await coveredPairs(pairs)).toSorted()).toEqual(
    expected.map(([patient, region]) => `${patient} by ${region}`).toSorted(),
  );
});

test.each([
  ["PR", "US", true],
  ["US", "PR", false],
  ["US-CA", "PR", false],
  ["HK", "CN", true],
  ["AX", "FI", true],
  ["SJ", "NO", true],
  ["BQ-BO", "NL", true],
  ["BQ-BO", "BQ", true],
  ["BQ", "BQ-BO", false],
  ["GP", "FR", true],
  ["DE", "DE-BY", false],
])("a patient in %s is covered by a licence for %s: %j", async (patient, region, isCovered) => {
  expect((await coveredPairs([[patient, region]])).length === 1).toBe(isCovered);
});
