import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { type Filter, following, where } from "@medconnect/platform/db/filters.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Slot, Slot_Status } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { coversValues } from "../jurisdiction/covers.ts";
import { type FeeColumns, feeOf } from "../money/fee.ts";
import { bookableFilter, IS_LICENSED_AT_START } from "./bookable-sql.ts";
import { type BookableFacts, type Interval, statusAt } from "./slot-rules.ts";

export interface SlotRow extends FeeColumns, BookableFacts {
  id: string;
  doctorId: string;
  endTime: Date;
  bookingId: string | null;
}

/** Columns of a `SlotRow`, of slot `s` and doctor `d`. */
export const SLOT_COLUMNS = `s.id, s.doctor_id AS doctorId, s.start_time AS startTime, s.end_time AS endTime, s.status,
  s.fee_currency AS feeCurrency, s.fee_minor AS feeMinor, s.booking_id AS bookingId,
  s.hold_expire_time AS holdExpireTime, d.hidden, d.licensed_until AS licensedUntil`;
const FROM = "FROM slots s JOIN doctors d ON d.id = s.doctor_id";
const SELECT = `SELECT ${SLOT_COLUMNS} ${FROM}`;
/** Takes `coversValues` first. */
const SELECT_IN_REGION = `SELECT ${SLOT_COLUMNS}, ${IS_LICENSED_AT_START} AS licensedInRegion ${FROM}`;
/** As `statusAt`; takes the time as parameter, twice. */
const STATUS_AT = `IF(s.status = 'OPEN' OR (s.status = 'HELD' AND s.hold_expire_time <= ?),
  IF(s.start_time > ?, 'OPEN', 'EXPIRED'), s.status)`;

/** @param region of the patient; absent: any region */
export async function findSlot(db: Database, id: string, region?: string): Promise<SlotRow | undefined> {
  const { sql, params } = selectFor(region);
  const [row] = await db.read<SlotRow>(`${sql} WHERE s.id = ?`, [...params, binaryId(id)]);
  return row;
}

/** @param region as in `findSlot` */
export async function lockSlot(tx: Transaction, id: string, region?: string): Promise<SlotRow> {
  const [row] = await lockSlots(tx, [id], region);
  return row!;
}

/** Locks slots in the global lock order. @param region as in `findSlot` */
export async function lockSlots(tx: Transaction, ids: string[], region?: string): Promise<SlotRow[]> {
  const { sql, params } = selectFor(region);
  return await tx.read<SlotRow>(`${sql} WHERE s.id IN (?) ORDER BY s.id FOR UPDATE OF s`, [
    ...params,
    ids.map(binaryId),
  ]);
}

/** Locks the slots of bookings in the global lock order: a derived table with a limit is read in its own order. @returns them by id */
export async function lockSlotsOf(tx: Transaction, bookingIds: string[]): Promise<Map<string, SlotRow>> {
  const slots = await tx.lock<SlotRow>(
    `SELECT ${SLOT_COLUMNS}
     FROM (SELECT DISTINCT slot_id FROM bookings WHERE id IN (?) ORDER BY slot_id LIMIT ?) b
     STRAIGHT_JOIN slots s ON s.id = b.slot_id STRAIGHT_JOIN doctors d ON d.id = s.doctor_id FOR UPDATE OF s`,
    [bookingIds.map(binaryId), bookingIds.length],
  );
  return new Map(slots.map((slot) => [slot.id, slot]));
}

/** A slot as a patient is about to book it. */
export interface SlotToBook extends SlotRow {
  doctorName: string;
}

/** Locks the slots that are there, in the global lock order. @returns them by id */
export async function lockSlotsToBook(tx: Transaction, ids: string[]): Promise<Map<string, SlotToBook>> {
  const slots = await tx.lock<SlotToBook>(
    `SELECT ${SLOT_COLUMNS}, d.display_name AS doctorName ${FROM} WHERE s.id IN (?) ORDER BY s.id FOR UPDATE OF s`,
    [ids.map(binaryId)],
  );
  return new Map(slots.map((slot) => [slot.id, slot]));
}

const selectFor = (region: string | undefined): { sql: string; params: SqlValue[] } =>
  region === undefined
    ? { sql: SELECT, params: [] }
    : { sql: SELECT_IN_REGION, params: coversValues(region) };

/** Slots of a doctor to list. */
export interface SlotFilter {
  doctorId: string;
  /** Interval of the start. */
  range: Interval;
  /** BOOKABLE: the slots that others than the doctor see. */
  status: Slot_Status | "BOOKABLE" | undefined;
  /** The patient's region with BOOKABLE; undefined: any region. */
  region: string | undefined;
}

/**
 * A doctor's slots, by start. The key is named, so that no other plan sorts all of them. OPEN, HELD and EXPIRED need a scan
 * of all free slots.
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
    ...(status === "BOOKABLE" ? [bookableFilter(now, region)] : hasStatus(status, now)),
    following("s.start_time", "s.id", page.after),
  );
  const key = status === undefined ? "slots_by_doctor" : "slots_by_offer";
  const isScan = status !== undefined && status !== "BOOKABLE" && offerOf(status) === "FREE";
  return await db[isScan ? "scan" : "read"]<SlotRow>(
    `SELECT ${SLOT_COLUMNS} FROM slots s FORCE INDEX (${key}) JOIN doctors d ON d.id = s.doctor_id ${sql}
     ORDER BY s.start_time, s.id LIMIT ?`,
    [...params, limitOf(page)],
  );
}

const hasStatus = (status: Slot_Status | undefined, now: Date): Filter[] => [
  ["s.offer = ?", status && offerOf(status)],
  [`${STATUS_AT} = ?`, now, now, status],
];

/** The class of slots with a status, as in the key `slots_by_offer`. An expired slot is one that was free. */
const offerOf = (status: Slot_Status): string =>
  status === "BOOKED" || status === "BLOCKED" || status === "WITHDRAWN" ? status : "FREE";

export function setSlotStatus(tx: Transaction, id: string, status: Slot_Status): void {
  tx.defer("UPDATE slots SET status = ?, booking_id = NULL, hold_expire_time = NULL WHERE id = ?", [
    status,
    binaryId(id),
  ]);
}

/** Slot that a booking takes: for good, or until its hold ends. */
export interface Taken {
  slotId: string;
  bookingId: string;
  /** null: for good. */
  holdExpireTime: Date | null;
}

/** Gives locked slots to bookings. */
export function takeSlots(tx: Transaction, taken: Taken[]): void {
  if (taken.length === 0) return;
  const slotIds = taken.map(({ slotId }) => binaryId(slotId));
  tx.defer(
    `UPDATE slots SET status = ELT(FIELD(id, ?), ?), booking_id = ELT(FIELD(id, ?), ?),
       hold_expire_time = ELT(FIELD(id, ?), ?) WHERE id IN (?)`,
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

/** Opens the slot again if it is this booking that has it. */
export function releaseSlot(tx: Transaction, id: string, bookingId: string): void {
  tx.defer(
    `UPDATE slots SET status = 'OPEN', booking_id = NULL, hold_expire_time = NULL
     WHERE id = ? AND booking_id = ? AND status IN ('HELD', 'BOOKED')`,
    [binaryId(id), binaryId(bookingId)],
  );
}

/**
 * Withdraws the first `limit` future open slots of a doctor. The index is named, as another plan would lock all slots
 * before it sorts them. @returns the number withdrawn
 */
export async function withdrawOpenSlots(
  tx: Transaction,
  doctorId: string,
  now: Date,
  limit: number,
): Promise<number> {
  const { affectedRows } = await tx.write(
    `UPDATE slots FORCE INDEX (slots_by_doctor) SET status = 'WITHDRAWN'
     WHERE doctor_id = ? AND start_time > ? AND status IN ('OPEN', 'BLOCKED') ORDER BY start_time, id LIMIT ?`,
    [binaryId(doctorId), now, limit],
  );
  return affectedRows;
}

export const toSlot = (row: SlotRow, now: Date): Slot => ({
  id: row.id,
  doctorId: row.doctorId,
  startTime: row.startTime,
  endTime: row.endTime,
  status: statusAt(row, now),
  fee: feeOf(row),
});
