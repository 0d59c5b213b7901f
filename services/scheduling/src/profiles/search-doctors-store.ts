import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, type Filter, following, where } from "@medconnect/platform/db/filters.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import { dateOf } from "@medconnect/platform/time/calendar-date.ts";
import type { SearchDoctorsRequest } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { covers, coversValues } from "../jurisdiction/covers-sql.ts";
import { specialtyKeyOf } from "../search-index/search-index-store.ts";
import { MAX_QUERY_WORDS, rangesOf, type WordRange } from "../search-index/search-words.ts";
import { bookableValues, IS_BOOKABLE, IS_BOOKABLE_IN_REGION } from "../slots/bookable-sql.ts";
import type { ProfileRow } from "./profile.ts";
import { profileColumns } from "./profile-store.ts";

/**
 * SQL condition: doctor `d` has a bookable slot that starts within an interval. The parameters are start and
 * end of the interval, then those from `bookableValues`.
 */
const hasSlot = (isBookable: string): string => `EXISTS (SELECT 1 FROM slots s WHERE s.doctor_id = d.id
  AND s.start_time >= ? AND s.start_time < ? AND ${isBookable})`;
const HAS_BOOKABLE_SLOT = hasSlot(IS_BOOKABLE);
const HAS_BOOKABLE_SLOT_IN_REGION = hasSlot(IS_BOOKABLE_IN_REGION);
/**
 * SQL condition: doctor `d` has a verified licence that covers a region on a day. The parameters are the day,
 * then those from `coversValues`.
 */
const IS_LICENSED_FOR = `EXISTS (SELECT 1 FROM licenses l WHERE l.doctor_id = d.id AND l.status = 'VERIFIED'
  AND l.expire_date >= ? AND ${covers("?")})`;
const FAR = new Date("9000-01-01T00:00:00Z");

/**
 * SQL that finds the doctors who have an index entry in each range of a query (`rangesOf`). The statement
 * always contains eight ranges, of which the unused ones are empty. So every query has the same plan: read
 * the ranges from the index, group the entries by doctor, fetch the doctors.
 */
const RANGES = Array.from({ length: MAX_QUERY_WORDS }, () => "(w.word >= ? AND w.word < ?)");
const MATCHING = `(SELECT w.doctor_id FROM doctor_words w WHERE ${RANGES.join(" OR ")} GROUP BY w.doctor_id
  HAVING COUNT(DISTINCT CASE ${RANGES.map((range, i) => `WHEN ${range} THEN ${i}`).join(" ")} END) = ?) m
  STRAIGHT_JOIN doctors d FORCE INDEX FOR JOIN (PRIMARY) ON d.id = m.doctor_id`;
const EMPTY: WordRange = { first: Buffer.alloc(0), end: Buffer.alloc(0) };

const ORDERS = {
  "": "d.name_key, d.id",
  displayName: "d.name_key, d.id",
  "createTime desc": "d.create_time DESC, d.id DESC",
};

/**
 * Finds doctors that match every filter. The inner statement finds the ids of the page, and the outer one
 * reads only these profiles. Throws INVALID_REQUEST.
 */
export async function searchDoctors(
  db: Database,
  request: SearchDoctorsRequest,
  region: string | undefined,
  page: Page,
  now: Date,
): Promise<ProfileRow[]> {
  const order = ORDERS[request.orderBy as keyof typeof ORDERS];
  const from = matching(rangesOf(request.query));
  const { sql, params } = where(...filtersOf(request, region, now), positionOf(request, page));
  const columns = profileColumns(now, region);
  const rows = await db.scan<ProfileRow>(
    `SELECT ${columns.sql} FROM (SELECT d.id FROM ${from.sql} ${sql} ORDER BY ${order} LIMIT ?) found
     JOIN doctors d ON d.id = found.id ORDER BY ${order}`,
    [...columns.params, ...from.params, ...params, limitOf(page)],
  );
  return withBooleans(rows, ["hidden"]);
}

function filtersOf(
  request: SearchDoctorsRequest,
  region: string | undefined,
  now: Date,
): (Filter | undefined)[] {
  const today = dateOf(now);
  const { specialty, language, maxFeeMinor, availableFrom, availableTo } = request;
  const from = availableFrom && availableFrom > now ? availableFrom : now;
  return [
    ["d.hidden = ?", false],
    ["d.licensed_until >= ?", today],
    ["d.specialty_key = ?", specialty ? specialtyKeyOf(specialty) : undefined],
    ["JSON_CONTAINS(d.languages, JSON_QUOTE(?))", language || undefined],
    region ? [IS_LICENSED_FOR, today, ...coversValues(region)] : undefined,
    ["d.fee_minor <= ?", maxFeeMinor],
    availableFrom || availableTo ? hasBookableSlot({ from, to: availableTo ?? FAR }, region, now) : undefined,
  ];
}

function hasBookableSlot(start: { from: Date; to: Date }, region: string | undefined, now: Date): Filter {
  const values = bookableValues(now, region);
  const sql = region === undefined ? HAS_BOOKABLE_SLOT : HAS_BOOKABLE_SLOT_IN_REGION;
  return [sql, start.from, start.to, ...values];
}

const positionOf = ({ orderBy }: SearchDoctorsRequest, { after }: Page): Filter =>
  orderBy === "createTime desc"
    ? before("d.create_time", "d.id", after)
    : following("d.name_key", "d.id", after);

function matching(ranges: WordRange[]): { sql: string; params: SqlScalar[] } {
  if (ranges.length === 0) return { sql: "doctors d", params: [] };
  const places = [...ranges, ...Array<WordRange>(MAX_QUERY_WORDS - ranges.length).fill(EMPTY)];
  const bounds = places.flatMap(({ first, end }) => [first, end]);
  return { sql: MATCHING, params: [...bounds, ...bounds, ranges.length] };
}
