import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { lockDoctors } from "../doctors/doctor-store.ts";
import { coversValues } from "../jurisdiction/covers-sql.ts";
import { guardPerson, lockPeople, type Person } from "../people/people-store.ts";
import { isFull, licensedAtStart } from "../slots/bookable-sql.ts";
import type { SlotRow } from "../slots/slot.ts";
import { MAX_LENGTH_MS } from "../slots/slot-rules.ts";
import { type LockedSlot, lockSlots, takeSlots } from "../slots/slot-store.ts";
import type { BookingRow } from "./booking.ts";
import { BOOKING_COLUMNS, BOOKING_FLAGS, BOOKING_NAMES } from "./booking-store.ts";
import type { LiveBookings } from "./claim-rules.ts";

/** A slot that a patient wants to book. A transaction has at most one wish for each slot. */
export interface Wish {
  slotId: string;
  patientId: string;
  /** Booking that is to be moved to the slot, or whose late payment claims it; absent for a new booking. */
  bookingId?: string;
  /**
   * Region that the doctor's licence must cover. Empty: the region of the patient's profile; undefined: the
   * region does not matter.
   */
  region: string | undefined;
}

/**
 * Facts that decide a wish, besides its slot and patient. The facts may change until slot and patient are
 * locked.
 */
export interface WishFacts {
  live: LiveBookings;
  cooldownEnd: Date | null;
  /**
   * True if a licence of the doctor covers the region at the slot's start; undefined if the region does not
   * matter.
   */
  licensedInRegion: boolean | undefined;
}

/** Facts of a wish, with its slot and patient. Both are locked, so all facts stay true until the commit. */
export interface LockedWish extends Omit<WishFacts, "licensedInRegion"> {
  slot: LockedSlot;
  patient: Person;
  /** An unpaid booking that still has the slot although its hold has ended. */
  endedHold: BookingRow | undefined;
}

/**
 * Locks the patients and slots of wishes, and reads the facts. A wish whose patient or slot does not exist
 * yields undefined, and so does a wish without a result of `readFull`.
 *
 * @param insertsPatients true to insert missing account copies of patients first, which waits for locks on them
 */
export async function lockWishes(
  tx: Transaction,
  wishes: Wish[],
  now: Date,
  insertsPatients: boolean,
): Promise<(LockedWish | undefined)[]> {
  if (insertsPatients) for (const { patientId } of wishes) guardPerson(tx, patientId);
  const [people, slots, facts] = await Promise.all([
    lockPeople(
      tx,
      wishes.map(({ patientId }) => patientId),
    ),
    lockSlots(
      tx,
      wishes.map(({ slotId }) => slotId),
    ),
    readWishFacts(tx, wishes, now),
  ]);
  // These bookings need no lock, because a booking changes only while its slot is locked.
  const [endedHolds, full] = await Promise.all([
    findEndedHolds(tx, [...slots.values()], now),
    readFull(tx, wishes, slots, now),
  ]);
  return wishes.map(({ slotId, patientId }) => {
    const [slot, patient, found] = [slots.get(slotId), people.get(patientId), facts.get(slotId)];
    if (!slot || !patient || !found) return undefined;
    const isSlotFull = full.get(slotId);
    if (slot.isLimited && isSlotFull === undefined) return undefined;
    const { licensedInRegion, live, cooldownEnd } = found;
    return {
      live,
      cooldownEnd,
      slot: { ...slot, licensedInRegion, isFull: isSlotFull },
      patient,
      endedHold: endedHolds.get(slotId),
    };
  });
}

const FIND_UNPAID = `SELECT ${BOOKING_COLUMNS} FROM bookings b ${BOOKING_NAMES}
  WHERE b.id IN (?) AND b.status = 'PENDING_PAYMENT'`;

/** Unpaid bookings that still have one of the given slots although their holds have ended, by slot id. */
export async function findEndedHolds(
  tx: Transaction,
  slots: Pick<SlotRow, "bookingId" | "holdExpireTime">[],
  now: Date,
): Promise<Map<string, BookingRow>> {
  const ids = slots.flatMap(({ bookingId, holdExpireTime }) =>
    bookingId !== null && holdExpireTime !== null && holdExpireTime <= now ? [binaryId(bookingId)] : [],
  );
  if (ids.length === 0) return new Map();
  const rows = withBooleans(await tx.read<BookingRow>(FIND_UNPAID, [ids]), BOOKING_FLAGS);
  return new Map(rows.map((row) => [row.slotId, row]));
}

/** Reads the facts of wishes in one round trip. @returns the facts by slot id */
export async function readWishFacts(
  tx: Transaction,
  wishes: Wish[],
  now: Date,
): Promise<Map<string, WishFacts>> {
  const [patientFacts, licensed] = await Promise.all([
    readPatientFacts(tx, wishes, now),
    readLicensed(tx, wishes),
  ]);
  return new Map(
    [...patientFacts].map(([id, facts]) => [id, { ...facts, licensedInRegion: licensed.get(id) }]),
  );
}

/** SQL of the id of the patient who wants slot `s`. Its parameters are `patientValues`. */
const PATIENT = "ELT(FIELD(s.id, ?), ?)";
const patientValues = (wishes: Wish[]): SqlValue[] => [
  wishes.map(({ slotId }) => binaryId(slotId)),
  wishes.map(({ patientId }) => binaryId(patientId)),
];
/**
 * Id that no booking has, for wishes of new bookings. With NULL, `b.id <> NULL` would exclude every booking.
 */
const NO_BOOKING = "00000000-0000-0000-0000-000000000000";

/**
 * Reads one range of the index `live_bookings_by_patient` per wish. It has no ended bookings, and the limits
 * on a patient's bookings keep it short.
 */
const PATIENT_FACTS = `SELECT s.id AS slotId, MAX(c.end_time) AS cooldownEnd,
    SUM(b.start_time < s.end_time AND b.end_time > s.start_time) AS overlapping,
    SUM(b.start_time > ? AND b.status = 'PENDING_PAYMENT') AS holds,
    SUM(b.start_time > ?) AS bookings,
    SUM(b.start_time > ? AND b.doctor_id = s.doctor_id) AS withDoctor
  FROM slots s
  LEFT JOIN hold_cooldowns c ON c.patient_id = ${PATIENT} AND c.slot_id = s.id
  LEFT JOIN bookings b ON b.live_patient_id = ${PATIENT} AND b.start_time > ? AND b.id <> ELT(FIELD(s.id, ?), ?)
    AND (b.status = 'CONFIRMED' OR b.hold_expire_time > ?)
  WHERE s.id IN (?) GROUP BY s.id`;

type PatientFactsRow = Record<keyof LiveBookings, string | null> & {
  slotId: string;
  cooldownEnd: Date | null;
};

async function readPatientFacts(tx: Transaction, wishes: Wish[], now: Date) {
  const slotIds = wishes.map(({ slotId }) => binaryId(slotId));
  const rows = await tx.read<PatientFactsRow>(PATIENT_FACTS, [
    ...[now, now, now],
    ...patientValues(wishes),
    ...patientValues(wishes),
    // A booking that started longer ago than the maximum length has ended, so it overlaps no future slot.
    new Date(now.getTime() - MAX_LENGTH_MS),
    slotIds,
    wishes.map(({ bookingId }) => binaryId(bookingId ?? NO_BOOKING)),
    now,
    slotIds,
  ]);
  return new Map(
    rows.map(({ slotId, cooldownEnd, overlapping, holds, bookings, withDoctor }) => [
      slotId,
      {
        cooldownEnd,
        live: {
          overlapping: Number(overlapping),
          holds: Number(holds),
          bookings: Number(bookings),
          withDoctor: Number(withDoctor),
        },
      },
    ]),
  );
}

const NOT_OF_WISH = " AND NOT x.booking_id <=> ELT(FIELD(s.id, ?), ?)";

/**
 * Reads whether doctors with limits want no more bookings on the day or in the week of a wished slot. Locks these
 * doctors first, so that no other booking of theirs is made until the commit. Of several wishes for one doctor, only
 * the first has a result, because each booking changes the result of the next.
 *
 * @returns results by slot id; slots of doctors without limits are absent
 */
export async function readFull(
  tx: Transaction,
  wishes: Wish[],
  slots: Map<string, SlotRow>,
  now: Date,
): Promise<Map<string, boolean>> {
  const limited = new Map<string, Wish>();
  for (const wish of wishes) {
    const slot = slots.get(wish.slotId);
    if (slot?.isLimited && !limited.has(slot.doctorId)) limited.set(slot.doctorId, wish);
  }
  if (limited.size === 0) return new Map();
  const locked = await lockDoctors(tx, [...limited.keys()]);
  const counted = locked.flatMap((id) => limited.get(id) ?? []);
  if (counted.length === 0) return new Map();
  const slotIds = counted.map(({ slotId }) => binaryId(slotId));
  const own = [slotIds, counted.map(({ bookingId }) => binaryId(bookingId ?? NO_BOOKING))];
  const rows = await tx.read<{ id: string; full: number }>(
    `SELECT s.id, ${isFull(NOT_OF_WISH)} AS full FROM slots s JOIN doctors d ON d.id = s.doctor_id WHERE s.id IN (?)`,
    [now, ...own, now, ...own, slotIds],
  );
  return new Map(rows.map(({ id, full }) => [id, full === 1]));
}

const REGION = "COALESCE(NULLIF(ELT(FIELD(s.id, ?), ?), ''), p.region)";
const IS_LICENSED = `SELECT s.id, ${licensedAtStart(REGION)} AS licensed
  FROM slots s JOIN people p ON p.user_id = ${PATIENT} WHERE s.id IN (?)`;

/**
 * Reads whether a licence of the slot's doctor covers the patient's region at the slot's start.
 *
 * @returns true or false by slot id; slots whose region does not matter are absent
 */
async function readLicensed(tx: Transaction, wishes: Wish[]): Promise<Map<string, boolean>> {
  const regional = wishes.filter(({ region }) => region !== undefined);
  if (regional.length === 0) return new Map();
  const slotIds = regional.map(({ slotId }) => binaryId(slotId));
  const regions = regional.map(({ region = "" }) => region);
  const rows = await tx.read<{ id: string; licensed: number }>(IS_LICENSED, [
    ...coversValues<SqlValue>(slotIds, regions),
    ...patientValues(regional),
    slotIds,
  ]);
  return new Map(rows.map(({ id, licensed }) => [id, licensed === 1]));
}

/** Inserts new bookings, and assigns them their locked slots. */
export function saveNewBookings(tx: Transaction, rows: BookingRow[]): void {
  takeSlots(
    tx,
    rows.map(({ id, slotId, holdExpireTime }) => ({ slotId, bookingId: id, holdExpireTime })),
  );
  insertBookings(tx, rows);
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
