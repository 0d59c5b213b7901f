import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Scheduling } from "../app.ts";
import { requiredRegion } from "../jurisdiction/jurisdiction.ts";
import { lockPatientsOf, type Person } from "../people/people-store.ts";
import { holdsSlot } from "../slots/slot-rules.ts";
import type { BookingRow } from "./booking.ts";
import { awaitsPayment } from "./booking-rules.ts";
import { type LockedBooking, lockBookings } from "./booking-store.ts";
import { findEndedHolds, readFull, readWishFacts, type WishFacts } from "./claim-store.ts";

/** A booking that was paid, with its slot and patient. All three are locked until the commit. */
export interface PaidBooking extends LockedBooking {
  patient: Person;
  /** Facts by which a late payment claims the slot again; undefined while the booking's hold lasts. */
  claim: LateClaim | undefined;
}

export interface LateClaim extends WishFacts {
  /** True if the doctor wants no more bookings on the day or in the week; undefined without limits. */
  isFull: boolean | undefined;
  /**
   * Unpaid booking, other than the one that was paid, that still has the slot although its hold has ended.
   */
  endedHold: BookingRow | undefined;
}

/**
 * Locks bookings with their patients and slots, and reads the facts of late payments. A booking yields
 * undefined if its row, its patient's or its slot's is missing.
 */
export async function lockPaidBookings(
  tx: Transaction,
  bookingIds: string[],
  app: Pick<Scheduling, "businessClock" | "jurisdiction">,
): Promise<(PaidBooking | undefined)[]> {
  const [patients, bookings] = await Promise.all([
    lockPatientsOf(tx, bookingIds),
    lockBookings(tx, bookingIds),
  ]);
  // A hold may have ended while this transaction waited for the locks, so the time is read after them.
  const now = app.businessClock.now();
  const claims = new Map<string, LateClaim>();
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

/** Reads the facts by which one late payment claims its slot. Not batched, because few payments are late. */
async function readClaim(
  tx: Transaction,
  { row, slot }: LockedBooking,
  app: Pick<Scheduling, "jurisdiction">,
  now: Date,
): Promise<LateClaim> {
  const region = requiredRegion(app, row);
  const wish = { slotId: slot.id, patientId: row.patientId, bookingId: row.id, region };
  const [facts, endedHolds, full] = await Promise.all([
    readWishFacts(tx, [wish], now),
    findEndedHolds(tx, [slot], now),
    readFull(tx, [wish], new Map([[slot.id, slot]]), now),
  ]);
  const endedHold = endedHolds.get(slot.id);
  // biome-ignore lint/style/noNonNullAssertion: the locked slot exists, so its facts do
  const found = facts.get(slot.id)!;
  const other = endedHold?.id === row.id ? undefined : endedHold;
  return { ...found, isFull: full.get(slot.id), endedHold: other };
}
