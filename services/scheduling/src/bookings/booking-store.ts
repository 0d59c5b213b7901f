import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Count } from "@medconnect/platform/stats/utc-days.ts";
import type {
  Booking_Party,
  Booking_Status,
  ListBookingsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { FeeColumns } from "../money/fee.ts";
import { guardPerson } from "../people/people-store.ts";
import { IS_OPEN, openValues, PRACTISES_AT_START } from "../slots/bookable-sql.ts";
import { MAX_LENGTH_MS } from "../slots/slot-rules.ts";
import { lockSlotsOf, type SlotRow } from "../slots/slot-store.ts";
import type { CloseOutcome, FeeDecision } from "./booking-rules.ts";

export interface BookingRow extends FeeColumns {
  id: string;
  slotId: string;
  doctorId: string;
  doctorName: string | null;
  patientId: string;
  patientName: string | null;
  consultationId: string;
  paymentId: string | null;
  status: Booking_Status;
  startTime: Date;
  endTime: Date;
  reason: Buffer | null;
  holdExpireTime: Date | null;
  /** ISO 3166; empty if unknown. */
  patientRegion: string;
  sequence: number;
  version: number;
  createTime: Date;
  started: number;
  cancelTime: Date | null;
  cancelledBy: Booking_Party | null;
  cancelReason: Buffer | null;
  feeDecision: FeeDecision | null;
  movedBy: Booking_Party | null;
  moveTime: Date | null;
  previousStartTime: Date | null;
  movePending: number;
  closeOutcome: CloseOutcome | null;
  closeTime: Date | null;
  closedBy: string | null;
  closeReason: Buffer | null;
}

/** The close columns of a booking that was not closed by an admin. */
export const NOT_CLOSED = {
  closeOutcome: null,
  closeTime: null,
  closedBy: null,
  closeReason: null,
} as const;

const COLUMNS = `b.id, b.slot_id AS slotId, b.doctor_id AS doctorId, d.display_name AS doctorName,
  b.patient_id AS patientId, p.full_name AS patientName, b.consultation_id AS consultationId,
  b.payment_id AS paymentId, b.status, b.start_time AS startTime, b.end_time AS endTime,
  b.fee_currency AS feeCurrency, b.fee_minor AS feeMinor, b.reason, b.hold_expire_time AS holdExpireTime,
  b.sequence, b.version, b.create_time AS createTime, b.started, b.cancel_time AS cancelTime,
  b.cancelled_by AS cancelledBy, b.cancel_reason AS cancelReason, b.fee_decision AS feeDecision,
  b.moved_by AS movedBy, b.move_time AS moveTime, b.previous_start_time AS previousStartTime,
  b.move_pending AS movePending, b.patient_region AS patientRegion, b.close_outcome AS closeOutcome,
  b.close_time AS closeTime, b.closed_by AS closedBy, b.close_reason AS closeReason`;
const NAMES = "LEFT JOIN doctors d ON d.id = b.doctor_id LEFT JOIN people p ON p.user_id = b.patient_id";
const SELECT = `SELECT ${COLUMNS} FROM bookings b ${NAMES}`;

/** As `statusAt`; takes the time as parameter. */
const STATUS_AT = "IF(b.status = 'PENDING_PAYMENT' AND b.hold_expire_time <= ?, 'EXPIRED', b.status)";

/** A claim on a slot: for a free one for good, for a paid one until the hold ends. */
export interface Claim {
  slotId: string;
  bookingId: string;
  patientId: string;
  doctorId: string;
  startTime: Date;
  endTime: Date;
  /** null where the booking is confirmed. */
  holdExpireTime: Date | null;
  now: Date;
}

/** The claim that a booking makes on its slot: for good where it is confirmed, else until its hold ends. */
export const claimOf = (row: BookingRow, now: Date): Claim => ({
  slotId: row.slotId,
  bookingId: row.id,
  patientId: row.patientId,
  doctorId: row.doctorId,
  startTime: row.startTime,
  endTime: row.endTime,
  holdExpireTime: row.status === "PENDING_PAYMENT" ? row.holdExpireTime : null,
  now,
});

/**
 * Takes the slot if it is bookable, the patient is not disabled and has no other live booking at that time. The patient's
 * row is locked first, so that two claims of one patient cannot pass each other.
 *
 * @returns whether the slot was taken
 */
export async function claimSlot(tx: Transaction, claim: Claim): Promise<boolean> {
  const { slotId, bookingId, patientId, holdExpireTime, now } = claim;
  guardPerson(tx, patientId);
  const { affectedRows } = await tx.write(
    `UPDATE slots s SET s.status = ?, s.booking_id = ?, s.hold_expire_time = ?
     WHERE s.id = ? AND ${IS_OPEN}
       AND EXISTS (SELECT 1 FROM doctors d WHERE d.id = s.doctor_id AND ${PRACTISES_AT_START})
       AND NOT EXISTS (SELECT 1 FROM people p WHERE p.user_id = ? AND p.disabled)
       AND NOT EXISTS (${LIVE_OVERLAP})`,
    [
      holdExpireTime ? "HELD" : "BOOKED",
      binaryId(bookingId),
      holdExpireTime,
      binaryId(slotId),
      ...openValues(now),
      binaryId(patientId),
      ...overlapParams(claim),
    ],
  );
  return affectedRows === 1;
}

/** Live bookings of the patient, other than one, that overlap an interval. */
const LIVE_OVERLAP = `SELECT 1 FROM bookings b WHERE b.live_patient_id = ? AND b.start_time > ? AND b.start_time < ?
  AND b.end_time > ? AND b.id <> ?
  AND (b.status = 'CONFIRMED' OR b.hold_expire_time > ?)`;

// No slot is longer than the longest: that bounds the range on the key.
const overlapParams = ({ patientId, startTime, endTime, bookingId, now }: Claim) => [
  binaryId(patientId),
  new Date(startTime.getTime() - MAX_LENGTH_MS),
  endTime,
  startTime,
  binaryId(bookingId),
  now,
];

/** Why a claim failed: whether the patient has a live booking at that time. */
export async function hasOverlap(tx: Transaction, claim: Claim): Promise<boolean> {
  const rows = await tx.read(`${LIVE_OVERLAP} LIMIT 1`, overlapParams(claim));
  return rows.length > 0;
}

export function insertBookings(tx: Transaction, rows: BookingRow[]): void {
  tx.defer(
    `INSERT INTO bookings (id, slot_id, doctor_id, patient_id, consultation_id, payment_id, status, start_time,
       end_time, fee_currency, fee_minor, reason, hold_expire_time, patient_region, version, create_time, update_time)
     VALUES ?`,
    [
      rows.map((row) => [
        binaryId(row.id),
        binaryId(row.slotId),
        binaryId(row.doctorId),
        binaryId(row.patientId),
        binaryId(row.consultationId),
        binaryId(row.paymentId),
        row.status,
        row.startTime,
        row.endTime,
        row.feeCurrency,
        row.feeMinor,
        row.reason,
        row.holdExpireTime,
        row.patientRegion,
        row.version,
        row.createTime,
        row.createTime,
      ]),
    ],
  );
}

export async function findBooking(db: Database, id: string): Promise<BookingRow | undefined> {
  const [row] = await db.read<BookingRow>(`${SELECT} WHERE b.id = ?`, [binaryId(id)]);
  return row;
}

/** The bookings whose hold has ended, but have their slots still, by slot. */
export async function findEndedHolds(
  tx: Transaction,
  slots: Pick<SlotRow, "bookingId" | "holdExpireTime">[],
  now: Date,
): Promise<Map<string, BookingRow>> {
  const isEnded = ({ holdExpireTime: end }: Pick<SlotRow, "holdExpireTime">) => end !== null && end <= now;
  const ids = slots.filter(isEnded).flatMap(({ bookingId: id }) => id ?? []);
  if (ids.length === 0) return new Map();
  const rows = await tx.read<BookingRow>(`${SELECT} WHERE b.id IN (?) AND b.status = 'PENDING_PAYMENT'`, [
    ids.map(binaryId),
  ]);
  return new Map(rows.map((row) => [row.slotId, row]));
}

/** A locked booking and its locked slot. */
export interface LockedBooking {
  row: BookingRow;
  slot: SlotRow;
}

/** Locks bookings and, before them, their slots: the order that everyone keeps. @returns those that are there, by id */
export async function lockBookings(tx: Transaction, ids: string[]): Promise<Map<string, LockedBooking>> {
  const [slots, rows] = await Promise.all([
    lockSlotsOf(tx, ids),
    tx.lock<BookingRow>(`${SELECT} WHERE b.id IN (?) ORDER BY b.id FOR UPDATE OF b`, [ids.map(binaryId)]),
  ]);
  // Locked bookings move no more; one that moved just before has another slot.
  const moved = rows.filter((row) => !slots.has(row.slotId)).map((row) => row.id);
  if (moved.length > 0) for (const [id, slot] of await lockSlotsOf(tx, moved)) slots.set(id, slot);
  return new Map(
    rows.flatMap((row) => {
      const slot = slots.get(row.slotId);
      return slot ? [[row.id, { row, slot }]] : [];
    }),
  );
}

/** As `lockBookings`, for one. */
export async function lockBooking(tx: Transaction, id: string): Promise<BookingRow | undefined> {
  return (await lockBookings(tx, [id])).get(id)?.row;
}

/** Writes what can change in a booking's life, under the version that follows the one that was locked. */
export function saveBooking(tx: Transaction, row: BookingRow, now: Date): void {
  tx.defer(
    `UPDATE bookings SET slot_id = ?, start_time = ?, end_time = ?, sequence = ?, status = ?, version = ?,
       update_time = ?, started = ?, cancel_time = ?, cancelled_by = ?, cancel_reason = ?, fee_decision = ?,
       moved_by = ?, move_time = ?, previous_start_time = ?, move_pending = ? WHERE id = ?`,
    [
      binaryId(row.slotId),
      row.startTime,
      row.endTime,
      row.sequence,
      row.status,
      row.version,
      now,
      row.started,
      row.cancelTime,
      row.cancelledBy,
      row.cancelReason,
      row.feeDecision,
      row.movedBy,
      row.moveTime,
      row.previousStartTime,
      row.movePending,
      binaryId(row.id),
    ],
  );
}

/** Confirms bookings under the versions that follow those that were locked. */
export function confirmBookings(tx: Transaction, ids: string[], now: Date): void {
  if (ids.length === 0) return;
  tx.defer(
    `UPDATE bookings SET status = 'CONFIRMED', fee_decision = NULL, version = version + 1, update_time = ?
     WHERE id IN (?)`,
    [now, ids.map(binaryId)],
  );
}

/** Writes the close columns. Separate from `saveBooking`, because few bookings have them. */
export function saveClose(tx: Transaction, row: BookingRow): void {
  tx.defer(
    "UPDATE bookings SET close_outcome = ?, close_time = ?, closed_by = ?, close_reason = ? WHERE id = ?",
    [row.closeOutcome, row.closeTime, binaryId(row.closedBy), row.closeReason, binaryId(row.id)],
  );
}

/** Patient or doctor whose bookings may be read. */
export interface BookingScope {
  patientId?: string;
  doctorId?: string;
}

/**
 * Bookings that match, latest appointment first. The inner statement reads the page by a named key, so that no other plan
 * joins and sorts all. A filter that the key does not hold is a scan.
 */
export async function listBookings(
  db: Database,
  scope: BookingScope,
  request: ListBookingsRequest,
  page: Page,
  now: Date,
): Promise<BookingRow[]> {
  const status = request.status === "STATUS_UNSPECIFIED" ? undefined : request.status;
  const { sql, params } = where(
    ["b.patient_id = ?", binaryId(scope.patientId)],
    ["b.doctor_id = ?", binaryId(scope.doctorId)],
    ["b.patient_id = ?", binaryId(request.patientId || undefined)],
    ["b.doctor_id = ?", binaryId(request.doctorId || undefined)],
    [`${STATUS_AT} = ?`, now, status],
    ["b.start_time >= ?", request.startTime],
    ["b.start_time < ?", request.endTime],
    before("b.start_time", "b.id", page.after),
  );
  const patientId = scope.patientId || request.patientId;
  const doctorId = scope.doctorId || request.doctorId;
  const key = patientId ? "bookings_by_patient" : doctorId ? "bookings_by_doctor" : "bookings_by_start";
  const isKeyed = status === undefined && !(patientId && doctorId);
  return await db[isKeyed ? "read" : "scan"]<BookingRow>(
    `SELECT ${COLUMNS} FROM (SELECT b.id FROM bookings b FORCE INDEX (${key}) ${sql}
       ORDER BY b.start_time DESC, b.id DESC LIMIT ?) page
     JOIN bookings b ON b.id = page.id ${NAMES} ORDER BY b.start_time DESC, b.id DESC`,
    [...params, limitOf(page)],
  );
}

/** Unpaid bookings whose hold has ended. */
export async function findExpiredHolds(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    "SELECT id FROM bookings WHERE status = 'PENDING_PAYMENT' AND hold_expire_time <= ? ORDER BY hold_expire_time LIMIT ?",
    [now, limit],
  );
  return rows.map((row) => row.id);
}

/** Live bookings of a patient before their start. */
export async function findFutureBookings(
  tx: Transaction,
  patientId: string,
  now: Date,
  limit: number,
): Promise<string[]> {
  const rows = await tx.read<{ id: string }>(
    `SELECT id FROM bookings WHERE patient_id = ? AND start_time > ?
       AND status IN ('PENDING_PAYMENT', 'CONFIRMED') ORDER BY slot_id LIMIT ?`,
    [binaryId(patientId), now, limit],
  );
  return rows.map((row) => row.id);
}

export async function countByStatus(db: Database): Promise<Count<Booking_Status>[]> {
  return await db.scan("SELECT status AS name, COUNT(*) AS count FROM bookings GROUP BY status");
}

/** Bookings made on each day (UTC) since a time. */
export async function countByDay(db: Database, since: Date): Promise<Count[]> {
  return await db.scan(
    `SELECT DATE_FORMAT(create_time, '%Y-%m-%d') AS name, COUNT(*) AS count
     FROM bookings WHERE create_time >= ? GROUP BY name`,
    [since],
  );
}
