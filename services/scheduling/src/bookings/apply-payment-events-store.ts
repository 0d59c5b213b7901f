import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Scheduling } from "../app.ts";
import { requiredRegion } from "../jurisdiction/jurisdiction.ts";
import { lockPatientsOf, type Person } from "../people/people-store.ts";
import { holdsSlot } from "../slots/slot-rules.ts";
import { readLicensed } from "./book-slot-store.ts";
import type { LiveBookings } from "./booking-limits.ts";
import { readPatientFacts } from "./booking-limits-store.ts";
import { awaitsPayment } from "./booking-rules.ts";
import { type BookingRow, findEndedHolds, type LockedBooking, lockBookings } from "./booking-store.ts";

/** All that decides on a paid booking. It holds until the commit. */
export interface PaidFacts extends LockedBooking {
  patient: Person;
  /** Facts for a new claim on the slot; undefined while the booking's hold lasts. */
  claim: ClaimFacts | undefined;
}

export interface ClaimFacts {
  live: LiveBookings;
  /** Whether a licence covers the patient's region, or it does not matter. */
  isLicensed: boolean;
  /** Another booking whose hold has ended, but has the slot still. */
  endedHold: BookingRow | undefined;
}

/** Locks patients, slots and bookings, and reads the facts of each booking; undefined where one of them is missing. */
export async function lockPaid(
  tx: Transaction,
  bookingIds: string[],
  app: Pick<Scheduling, "clock" | "jurisdiction">,
): Promise<(PaidFacts | undefined)[]> {
  const [patients, bookings] = await Promise.all([
    lockPatientsOf(tx, bookingIds),
    lockBookings(tx, bookingIds),
  ]);
  // After the wait for the locks: meanwhile the hold may have ended, and another booking taken the patient's time.
  const now = app.clock.now();
  const claims = new Map<string, ClaimFacts>();
  const readClaimOf = async (booking: LockedBooking) => {
    if (isLate(booking, now)) claims.set(booking.row.id, await readClaim(tx, booking, app, now));
  };
  await Promise.all([...bookings.values()].map(readClaimOf));
  return bookingIds.map((id) => {
    const booking = bookings.get(id);
    const patient = booking && patients.get(booking.row.patientId);
    return patient && { ...booking, patient, claim: claims.get(id) };
  });
}

const isLate = ({ row, slot }: LockedBooking, now: Date): boolean =>
  awaitsPayment(row.status) && !holdsSlot(row.id, slot, now);

/** The facts of one claim, in one round trip with those of others: few payments are late. */
async function readClaim(
  tx: Transaction,
  { row, slot }: LockedBooking,
  app: Pick<Scheduling, "jurisdiction">,
  now: Date,
): Promise<ClaimFacts> {
  const wish = { slotId: slot.id, patientId: row.patientId, statedRegion: row.patientRegion };
  const [facts, licensed, endedHolds] = await Promise.all([
    readPatientFacts(tx, [wish], now),
    requiredRegion(app, row) === undefined ? undefined : readLicensed(tx, [wish]),
    findEndedHolds(tx, [slot], now),
  ]);
  const endedHold = endedHolds.get(slot.id);
  return {
    live: facts.get(slot.id)!.live,
    isLicensed: licensed?.get(slot.id) !== 0,
    endedHold: endedHold?.id === row.id ? undefined : endedHold,
  };
}
