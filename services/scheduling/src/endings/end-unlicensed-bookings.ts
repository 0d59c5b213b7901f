import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Scheduling, SERVICE_ACTOR } from "../app.ts";
import { lockBooking } from "../bookings/booking-store.ts";
import { cancelByPlatform } from "../bookings/cancel-booking.ts";
import {
  findUnlicensedBookings,
  findUnlicensedBookingsOf,
  lockDoctorOf,
  markChange,
  reasonToEnd,
  unmarkChanges,
} from "./unlicensed-booking-store.ts";

/**
 * Maximum number of bookings cancelled in the transaction that changes a licence or an account; the sweep
 * cancels the rest.
 */
const BATCH = 100;
/**
 * A transaction that began before a decision about a licence may commit a booking up to this many ms after
 * the decision.
 */
const LATE_CLAIMS_MS = 60_000;

/** Reasons shown to patient and doctor. */
const REASONS = {
  DOCTOR_DISABLED: "The doctor's account was disabled.",
  UNLICENSED: "The doctor has no valid licence for this appointment.",
};

type Licensing = Pick<Scheduling, "cipher" | "jurisdiction">;

/**
 * Cancels a first batch of a doctor's future bookings, and releases their fees. If the doctor is disabled,
 * all bookings are cancelled, otherwise only those for which the doctor lacks the licence. Marks the doctor
 * for the sweep, which cancels the rest.
 */
export async function endUnlicensedBookings(
  app: Licensing,
  tx: Transaction,
  doctorId: string,
  now: Date,
): Promise<AuditEntry[]> {
  markChange(tx, doctorId, now);
  const entries: AuditEntry[] = [];
  for (const id of await findUnlicensedBookingsOf(tx, app.jurisdiction, doctorId, now, BATCH)) {
    entries.push(...(await endIfUnlicensed(app, tx, id, now)));
  }
  return entries;
}

/**
 * Cancels a booking if its doctor is disabled or lacks the licence. This is checked again under the lock,
 * because until then the booking may have been moved, or an admin may have verified a licence.
 */
async function endIfUnlicensed(
  { cipher, jurisdiction }: Licensing,
  tx: Transaction,
  id: string,
  now: Date,
): Promise<AuditEntry[]> {
  lockDoctorOf(tx, id);
  await lockBooking(tx, id);
  const reason = await reasonToEnd(tx, jurisdiction, id, now);
  return reason ? await cancelByPlatform(tx, id, REASONS[reason], now, cipher) : [];
}

/**
 * Sweep that cancels bookings that remained after a decision about a licence or an account. These are
 * bookings beyond the decision's first batch, and bookings that other transactions made or moved at the same
 * time.
 */
export const sweepUnlicensedBookings =
  (app: Scheduling) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.businessClock.now();
    const find = (limit: number) => findUnlicensedBookings(app, now, limit);
    const work = (id: string) =>
      app.transactions.run(SERVICE_ACTOR, (tx) => endIfUnlicensed(app, tx, id, now));
    await sweep({ find, work, failure: "booking without a licence cannot be cancelled", signal }, app.log);
    await unmarkChanges(app, new Date(now.getTime() - LATE_CLAIMS_MS), now);
  };
