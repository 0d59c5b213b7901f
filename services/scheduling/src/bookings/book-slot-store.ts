import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { coversValues } from "../jurisdiction/covers.ts";
import type { Jurisdiction } from "../jurisdiction/jurisdiction.ts";
import { lockPeople, type Person } from "../people/people-store.ts";
import { licensedAtStart } from "../slots/bookable-sql.ts";
import { lockSlotsToBook, type SlotToBook } from "../slots/slot-store.ts";
import {
  PATIENT_OF_SLOT,
  type PatientFacts,
  patientValues,
  readPatientFacts,
  type Wish,
} from "./booking-limits-store.ts";
import { type BookingRow, findEndedHolds } from "./booking-store.ts";

/** A wish for a slot, and the region that the patient states; empty: the profile's. */
export interface BookingWish extends Wish {
  statedRegion: string;
}

/** All that decides on a booking. It holds until the commit. */
export interface BookingFacts extends PatientFacts {
  slot: SlotToBook;
  patient: Person;
  /** Booking whose hold has ended, but has the slot still. */
  endedHold: BookingRow | undefined;
}

/**
 * Locks patients and slots, and reads the facts of each wish; undefined where patient or slot is missing. One wish for a slot,
 * and one of a patient, at a time.
 */
export async function lockForBooking(
  tx: Transaction,
  wishes: BookingWish[],
  jurisdiction: Jurisdiction,
  now: Date,
): Promise<(BookingFacts | undefined)[]> {
  const slotIds = wishes.map(({ slotId }) => slotId);
  const [people, slots, patientFacts, licensed] = await Promise.all([
    lockPeople(
      tx,
      wishes.map(({ patientId }) => patientId),
    ),
    lockSlotsToBook(tx, slotIds),
    readPatientFacts(tx, wishes, now),
    jurisdiction === "enforced" ? readLicensed(tx, wishes) : new Map<string, number>(),
  ]);
  // Under the lock of its slot a booking does not change, as all who change one lock its slot first.
  const endedHolds = await findEndedHolds(tx, [...slots.values()], now);
  return wishes.map(({ slotId, patientId }) => {
    const slot = slots.get(slotId);
    const patient = people.get(patientId);
    if (!slot || !patient) return undefined;
    const isLicensed = licensed.get(slotId);
    return {
      ...patientFacts.get(slotId)!,
      slot: isLicensed === undefined ? slot : { ...slot, licensedInRegion: isLicensed },
      patient,
      endedHold: endedHolds.get(slotId),
    };
  });
}

const REGION_OF_SLOT = "COALESCE(NULLIF(ELT(FIELD(s.id, ?), ?), ''), p.region)";
const IS_LICENSED = `SELECT s.id, ${licensedAtStart(REGION_OF_SLOT)} AS licensed
  FROM slots s JOIN people p ON p.user_id = ${PATIENT_OF_SLOT} WHERE s.id IN (?)`;

/** Whether a licence of the slot's doctor covers the patient's region at the start, by slot. */
export async function readLicensed(tx: Transaction, wishes: BookingWish[]): Promise<Map<string, number>> {
  const slotIds = wishes.map(({ slotId }) => binaryId(slotId));
  const regions = wishes.map(({ statedRegion }) => statedRegion);
  const rows = await tx.read<{ id: string; licensed: number }>(IS_LICENSED, [
    ...coversValues(slotIds, regions),
    ...patientValues(wishes),
    slotIds,
  ]);
  return new Map(rows.map(({ id, licensed }) => [id, licensed]));
}
