import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { coversValues } from "../jurisdiction/covers.ts";
import { lockPeople, type Person } from "../people/people-store.ts";
import { licensedAtStart } from "../slots/bookable-sql.ts";
import { MAX_LENGTH_MS } from "../slots/slot-rules.ts";
import { type LockedSlot, lockSlots } from "../slots/slot-store.ts";
import type { BookingRow } from "./booking.ts";
import type { LiveBookings } from "./booking-limits.ts";
import { findEndedHolds } from "./booking-store.ts";

/** A slot that a patient wants. One transaction holds at most one wish for each slot. */
export interface Wish {
  slotId: string;
  patientId: string;
  /** The booking that wants it; absent for a new one. */
  bookingId?: string;
  /**
   * Region that the doctor's licence must cover. Empty: the region of the patient's profile; undefined: the
   * region does not matter.
   */
  region: string | undefined;
}

/** Facts that decide a wish, besides its slot and patient. They may change until both are locked. */
export interface WishFacts {
  live: LiveBookings;
  cooldownEnd: Date | null;
  /** 1 if a licence covers the region at the start; undefined if the region does not matter. */
  licensedInRegion: number | undefined;
}

/** Facts of a wish with its locked slot and patient. They hold until the commit. */
export interface LockedWish extends WishFacts {
  slot: LockedSlot;
  patient: Person;
  /** An unpaid booking that still has the slot although its hold has ended. */
  endedHold: BookingRow | undefined;
}

/**
 * Locks patients and slots, and reads the facts of each wish; undefined if its patient or slot is missing.
 */
export async function lockWishes(
  tx: Transaction,
  wishes: Wish[],
  now: Date,
): Promise<(LockedWish | undefined)[]> {
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
  // A booking changes only under the lock of its slot.
  const endedHolds = await findEndedHolds(tx, [...slots.values()], now);
  return wishes.map(({ slotId, patientId }) => {
    const [slot, patient, known] = [slots.get(slotId), people.get(patientId), facts.get(slotId)];
    if (!slot || !patient || !known) return undefined;
    return { ...known, slot, patient, endedHold: endedHolds.get(slotId) };
  });
}

/** Reads the facts of wishes in one round trip. @returns them by slot */
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

/** Patient who wants slot `s`. Takes `patientValues`. */
const PATIENT = "ELT(FIELD(s.id, ?), ?)";
const patientValues = (wishes: Wish[]): SqlValue[] => [
  wishes.map(({ slotId }) => binaryId(slotId)),
  wishes.map(({ patientId }) => binaryId(patientId)),
];
/** Id that no booking has, for wishes without a booking: NULL would exclude every booking. */
const NO_BOOKING = "00000000-0000-0000-0000-000000000000";

/**
 * Reads one key range of live bookings per wish. Ended bookings cost nothing, and the limits bound the range.
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
    // An overlapping booking starts at most the maximum slot length earlier.
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

const REGION = "COALESCE(NULLIF(ELT(FIELD(s.id, ?), ?), ''), p.region)";
const IS_LICENSED = `SELECT s.id, ${licensedAtStart(REGION)} AS licensed
  FROM slots s JOIN people p ON p.user_id = ${PATIENT} WHERE s.id IN (?)`;

/**
 * Reads whether a licence covers the patient's region at the start.
 *
 * @returns 1 or 0 by slot id; slots whose region does not matter are absent
 */
async function readLicensed(tx: Transaction, wishes: Wish[]): Promise<Map<string, number>> {
  const regional = wishes.filter(({ region }) => region !== undefined);
  if (regional.length === 0) return new Map();
  const slotIds = regional.map(({ slotId }) => binaryId(slotId));
  const regions = regional.map(({ region = "" }) => region);
  const rows = await tx.read<{ id: string; licensed: number }>(IS_LICENSED, [
    ...coversValues(slotIds, regions),
    ...patientValues(regional),
    slotIds,
  ]);
  return new Map(rows.map(({ id, licensed }) => [id, licensed]));
}
