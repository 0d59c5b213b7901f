import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { type Filter, following, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Slot_Status } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { coversValues } from "../jurisdiction/covers-sql.ts";
import { bookableFilter, HOLD_ENDED, IS_FULL, IS_LICENSED_AT_START } from "./bookable-sql.ts";
import type { SlotRow } from "./slot.ts";
import type { Interval } from "./slot-rules.ts";

/** Columns of a `SlotRow`, of slot `s` and doctor `d`. */
const COLUMNS = `s.id, s.doctor_id AS doctorId, s.start_time AS startTime, s.end_time AS endTime, s.status,
  s.fee_currency AS feeCurrency, s.fee_minor AS feeMinor, s.booking_id AS bookingId,
  s.hold_expire_time AS holdExpireTime, s.on_release AS onRelease, d.hidden, d.licensed_until AS licensedUntil,
  d.minimum_notice AS minimumNotice, d.max_per_day > 0 OR d.max_per_week > 0 AS isLimited`;
/** Boolean fields of a `SlotRow`, for `withBooleans`. */
const SLOT_FLAGS = ["hidden", "licensedInRegion", "isLimited", "isFull"] as const;
const FROM = "FROM slots s JOIN doctors d ON d.id = s.doctor_id";
/** Finds a slot. Its first parameters are the time, twice. */
const FIND = `SELECT ${COLUMNS}, ${IS_FULL} AS isFull ${FROM} WHERE s.id = ?`;
/**
 * Finds a slot, and whether a licence covers a region at its start. Its first parameters are the time, twice,
 * and `coversValues`.
 */
const FIND_IN_REGION = `SELECT ${COLUMNS}, ${IS_FULL} AS isFull, ${IS_LICENSED_AT_START} AS licensedInRegion ${FROM}
  WHERE s.id = ?`;
/** SQL of the status of slot `s` at a time, as `statusAt`. Its parameters are the time, twice. */
const STATUS_AT = `IF(s.status = 'OPEN' OR ${HOLD_ENDED},
  IF(s.start_time > ?, 'OPEN', 'EXPIRED'), s.status)`;

/** @param region region of the patient; absent: any region */
export async function findSlot(
  db: Database,
  id: string,
  now: Date,
  region?: string,
): Promise<SlotRow | undefined> {
  const rows =
    region === undefined
      ? await db.read<SlotRow>(FIND, [now, now, binaryId(id)])
      : await db.read<SlotRow>(FIND_IN_REGION, [now, now, ...coversValues(region), binaryId(id)]);
  return withBooleans(rows, SLOT_FLAGS)[0];
}

/** A locked slot, with its doctor's name, which the response to a booking shows. */
export interface LockedSlot extends SlotRow {
  doctorName: string;
}

/** Locks the existing slots in id order, as every transaction does. @returns the slots by id */
export async function lockSlots(tx: Transaction, ids: string[]): Promise<Map<string, LockedSlot>> {
  const rows = await tx.lock<LockedSlot>(
    `SELECT ${COLUMNS}, d.display_name AS doctorName ${FROM} WHERE s.id IN (?) ORDER BY s.id FOR UPDATE OF s`,
    [ids.map(binaryId)],
  );
  return new Map(withBooleans(rows, SLOT_FLAGS).map((slot) => [slot.id, slot]));
}

/**
 * Locks the slots of bookings in id order. A derived table with a limit keeps its order, so the join locks in
 * that order.
 *
 * @returns the slots by id
 */
export async function lockSlotsOf(tx: Transaction, bookingIds: string[]): Promise<Map<string, SlotRow>> {
  const rows = await tx.lock<SlotRow>(
    `SELECT ${COLUMNS}
     FROM (SELECT DISTINCT slot_id FROM bookings WHERE id IN (?) ORDER BY slot_id LIMIT ?) b
     STRAIGHT_JOIN slots s ON s.id = b.slot_id STRAIGHT_JOIN doctors d ON d.id = s.doctor_id FOR UPDATE OF s`,
    [bookingIds.map(binaryId), bookingIds.length],
  );
  return new Map(withBooleans(rows, SLOT_FLAGS).map((slot) => [slot.id, slot]));
}

/** Filters of a list of slots. */
export interface SlotFilter {
  doctorId: string;
  /** Interval in which the slots start. */
  range: Interval;
  /** BOOKABLE: only slots that can be booked. Users other than the doctor see no other slots. */
  status: Slot_Status | "BOOKABLE" | undefined;
  /** Region of the patient, for BOOKABLE; undefined: any region. */
  region: string | undefined;
}

/**
 * Lists a doctor's slots by start. The statement names its index, because other plans would sort all slots of
 * the doctor. A filter by the status OPEN, HELD or EXPIRED scans all free slots of the doctor.
 */
export async function listSlots(
  db: Database,
  { doctorId, range, status, region }: SlotFilter,
  page: Page,
  now: Date,
): Promise<SlotRow[]> {
  const { sql, params } = where(
    ["s.doctor_id = ?", binaryId(doctorId)],
    ["s.start_time >= ?", range.startTime],
    ["s.start_time < ?", range.endTime],
    ...(status === "BOOKABLE" ? [bookableFilter(now, region)] : statusFilters(status, now)),
    following("s.start_time", "s.id", page.after),
  );
  const key = status === undefined ? "slots_by_doctor" : "slots_by_class";
  const isScan = status !== undefined && status !== "BOOKABLE" && classOf(status) === "FREE";
  const rows = await db[isScan ? "scan" : "read"]<SlotRow>(
    `SELECT ${COLUMNS} FROM slots s FORCE INDEX (${key}) JOIN doctors d ON d.id = s.doctor_id ${sql}
     ORDER BY s.start_time, s.id LIMIT ?`,
    [...params, limitOf(page)],
  );
  return withBooleans(rows, SLOT_FLAGS);
}

const statusFilters = (status: Slot_Status | undefined, now: Date): Filter[] => [
  ["s.list_class = ?", status && classOf(status)],
  [`${STATUS_AT} = ?`, now, now, status],
];

/** Value of `list_class` for a status. Expired slots stay in the class FREE. */
const classOf = (status: Slot_Status): string =>
  status === "BOOKED" || status === "BLOCKED" || status === "WITHDRAWN" ? status : "FREE";

export function setSlotStatus(tx: Transaction, id: string, status: Slot_Status): void {
  tx.defer("UPDATE slots SET status = ?, booking_id = NULL, hold_expire_time = NULL WHERE id = ?", [
    status,
    binaryId(id),
  ]);
}

/** A slot to assign to a booking. */
export interface Taken {
  slotId: string;
  bookingId: string;
  /** Null for a confirmed booking. */
  holdExpireTime: Date | null;
}

/** Assigns locked slots to bookings, in one statement. */
export function takeSlots(tx: Transaction, taken: Taken[]): void {
  if (taken.length === 0) return;
  const slotIds = taken.map(({ slotId }) => binaryId(slotId));
  tx.defer(
    `UPDATE slots SET status = ELT(FIELD(id, ?), ?), booking_id = ELT(FIELD(id, ?), ?),
       hold_expire_time = ELT(FIELD(id, ?), ?), was_taken = TRUE WHERE id IN (?)`,
    [
      slotIds,
      taken.map(({ holdExpireTime }) => (holdExpireTime ? "HELD" : "BOOKED")),
      slotIds,
      taken.map(({ bookingId }) => binaryId(bookingId)),
      slotIds,
      taken.map(({ holdExpireTime }) => holdExpireTime),
      slotIds,
    ],
  );
}

/**
 * Opens a booking's slot again, or withdraws it if the schedule no longer has it. Does nothing if another booking
 * has taken the slot.
 */
export function releaseSlot(tx: Transaction, id: string, bookingId: string): void {
  tx.defer(
    `UPDATE slots SET status = on_release, booking_id = NULL, hold_expire_time = NULL,
       from_schedule = from_schedule AND on_release = 'OPEN', on_release = 'OPEN'
     WHERE id = ? AND booking_id = ? AND status IN ('HELD', 'BOOKED')`,
    [binaryId(id), binaryId(bookingId)],
  );
}

/**
 * Withdraws the first `limit` future open slots of a doctor. The statement names its index, because another
 * plan would lock all slots before sorting them.
 *
 * @returns the number of withdrawn slots
 */
export async function withdrawOpenSlots(
  tx: Transaction,
  doctorId: string,
  now: Date,
  limit: number,
): Promise<number> {
  const { affectedRows } = await tx.write(
    `UPDATE slots FORCE INDEX (slots_by_doctor) SET status = 'WITHDRAWN', from_schedule = FALSE
     WHERE doctor_id = ? AND start_time > ? AND status IN ('OPEN', 'BLOCKED') ORDER BY start_time, id LIMIT ?`,
    [binaryId(doctorId), now, limit],
  );
  return affectedRows;
}
