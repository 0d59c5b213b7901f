import type { SqlValue } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { MAX_LENGTH_MS } from "../slots/slot-rules.ts";
import type { BookingLimits, LiveBookings } from "./booking-limits.ts";
import type { Claim } from "./booking-store.ts";

/** Stands for "no limit": more than a patient can have. */
const NO_LIMIT = 2 ** 31;

const OVERLAPPING = "SUM(b.start_time < ? AND b.end_time > ?)";
const HOLDS = "SUM(b.start_time > ? AND b.status = 'PENDING_PAYMENT')";
const BOOKINGS = "SUM(b.start_time > ?)";
const WITH_DOCTOR = "SUM(b.start_time > ? AND b.doctor_id = ?)";

/** One range of a key over live bookings only: the limits bound it, and ended bookings do not matter. */
const LIVE = `FROM bookings b WHERE b.live_patient_id = ? AND b.start_time > ?
  AND (b.status = 'CONFIRMED' OR b.hold_expire_time > ?) AND b.id <> ?`;

/** SQL form of `refusalOf`: true if it refuses nothing. */
export const WITHIN_LIMITS = `(SELECT COALESCE(
  ${OVERLAPPING} = 0 AND ${HOLDS} < ? AND ${BOOKINGS} < ? AND ${WITH_DOCTOR} < ?, TRUE) ${LIVE})`;

/** The parameters of WITHIN_LIMITS. */
export function limitParams(claim: Claim, limits: BookingLimits): SqlValue[] {
  const { startTime, endTime, doctorId, now } = claim;
  const holds = claim.holdExpireTime ? limits.holds : 0;
  return [
    endTime,
    startTime,
    now,
    holds || NO_LIMIT,
    now,
    limits.bookings || NO_LIMIT,
    now,
    doctorId,
    limits.bookingsPerDoctor || NO_LIMIT,
    ...liveParams(claim),
  ];
}

/** True if the patient may hold slot `s` again. Takes the patient and the time. */
export const COOLED_DOWN = `NOT EXISTS (SELECT 1 FROM hold_cooldowns c
  WHERE c.patient_id = ? AND c.slot_id = s.id AND c.end_time > ?)`;

/** Reasons for the failure of a claim: the patient's live bookings, and the slot's cooldown. */
export interface ClaimFacts {
  live: LiveBookings;
  cooldownEnd: Date | null;
}

/** Exact only under the patient's guard. */
export async function explainClaim(tx: Transaction, claim: Claim): Promise<ClaimFacts> {
  const { slotId, patientId, startTime, endTime, doctorId, now } = claim;
  const [row] = await tx.read<Record<keyof LiveBookings, string | null> & Pick<ClaimFacts, "cooldownEnd">>(
    `SELECT ${OVERLAPPING} AS overlapping, ${HOLDS} AS holds, ${BOOKINGS} AS bookings, ${WITH_DOCTOR} AS withDoctor,
       (SELECT c.end_time FROM hold_cooldowns c WHERE c.patient_id = ? AND c.slot_id = ?) AS cooldownEnd
     ${LIVE}`,
    [endTime, startTime, now, now, now, doctorId, patientId, slotId, ...liveParams(claim)],
  );
  const { overlapping, holds, bookings, withDoctor, cooldownEnd } = row!;
  const live = {
    overlapping: Number(overlapping),
    holds: Number(holds),
    bookings: Number(bookings),
    withDoctor: Number(withDoctor),
  };
  return { live, cooldownEnd };
}

// An overlapping booking starts at most the maximum slot length earlier.
const liveParams = ({ patientId, bookingId, now }: Claim): SqlValue[] => [
  patientId,
  new Date(now.getTime() - MAX_LENGTH_MS),
  now,
  bookingId,
];

/** Stores the end of a patient's cooldown for a slot. */
export function insertCooldown(tx: Transaction, patientId: string, slotId: string, endTime: Date): void {
  tx.defer(
    `INSERT INTO hold_cooldowns (patient_id, slot_id, end_time) VALUES (?, ?, ?) AS new
     ON DUPLICATE KEY UPDATE end_time = new.end_time`,
    [patientId, slotId, endTime],
  );
}

/** Takes the time and a number of rows. */
export const DELETE_ENDED_COOLDOWNS = "DELETE FROM hold_cooldowns WHERE end_time <= ? LIMIT ?";
