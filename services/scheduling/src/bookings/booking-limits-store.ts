import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { MAX_LENGTH_MS } from "../slots/slot-rules.ts";
import type { LiveBookings } from "./booking-limits.ts";

/** A slot, and the patient who is to have it. */
export interface Wish {
  slotId: string;
  patientId: string;
}

/** A patient's live bookings of other slots, compared with one, and the end of the cooldown for it. */
export interface PatientFacts {
  live: LiveBookings;
  cooldownEnd: Date | null;
}

/** The patient for slot `s`. Takes `patientValues`. */
export const PATIENT_OF_SLOT = "ELT(FIELD(s.id, ?), ?)";
export const patientValues = (wishes: Wish[]): SqlValue[] => [
  wishes.map(({ slotId }) => binaryId(slotId)),
  wishes.map(({ patientId }) => binaryId(patientId)),
];

/** One range of a key over live bookings for each wish: the limits bound it, and ended bookings do not matter. */
const PATIENT_FACTS = `SELECT s.id AS slotId, MAX(c.end_time) AS cooldownEnd,
    SUM(b.start_time < s.end_time AND b.end_time > s.start_time) AS overlapping,
    SUM(b.start_time > ? AND b.status = 'PENDING_PAYMENT') AS holds,
    SUM(b.start_time > ?) AS bookings,
    SUM(b.start_time > ? AND b.doctor_id = s.doctor_id) AS withDoctor
  FROM slots s
  LEFT JOIN hold_cooldowns c ON c.patient_id = ${PATIENT_OF_SLOT} AND c.slot_id = s.id
  LEFT JOIN bookings b ON b.live_patient_id = ${PATIENT_OF_SLOT} AND b.start_time > ? AND b.slot_id <> s.id
    AND (b.status = 'CONFIRMED' OR b.hold_expire_time > ?)
  WHERE s.id IN (?) GROUP BY s.id`;

/** The facts of each wish, by slot. Exact only under the patients' guards. */
export async function readPatientFacts(
  tx: Transaction,
  wishes: Wish[],
  now: Date,
): Promise<Map<string, PatientFacts>> {
  const [slotIds, patientIds] = patientValues(wishes) as [SqlValue, SqlValue];
  const rows = await tx.read<
    Record<keyof LiveBookings, string | null> & { slotId: string; cooldownEnd: Date | null }
  >(PATIENT_FACTS, [
    ...[now, now, now],
    ...[slotIds, patientIds],
    ...[slotIds, patientIds],
    // An overlapping booking starts at most the maximum slot length earlier.
    ...[new Date(now.getTime() - MAX_LENGTH_MS), now],
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

/** Stores the end of a patient's cooldown for a slot. */
export function insertCooldown(tx: Transaction, patientId: string, slotId: string, endTime: Date): void {
  tx.defer(
    `INSERT INTO hold_cooldowns (patient_id, slot_id, end_time) VALUES (?, ?, ?) AS new
     ON DUPLICATE KEY UPDATE end_time = new.end_time`,
    [binaryId(patientId), binaryId(slotId), endTime],
  );
}

/** Takes the time and a number of rows. */
export const DELETE_ENDED_COOLDOWNS = "DELETE FROM hold_cooldowns WHERE end_time <= ? LIMIT ?";
