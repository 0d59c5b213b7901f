import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Scheduling, SERVICE_ACTOR } from "../app.ts";
import { findFutureBookings } from "../bookings/booking-store.ts";
import { cancelByPlatform } from "../bookings/cancel-booking.ts";
import { guardPerson } from "../people/people-store.ts";
import {
  findEndingBookings,
  hasDisabledPatient,
  markEndingBookings,
  unmarkEndedPatients,
} from "./disabled-patient-store.ts";

/** Maximum number of bookings cancelled in one transaction. */
const BATCH = 100;
const REASON = "The patient's account was disabled.";

/** Cancels a first batch of a disabled patient's future bookings; the sweep cancels the rest. */
export async function endBookingsOfPatient(
  app: Scheduling,
  tx: Transaction,
  patientId: string,
): Promise<AuditEntry[]> {
  const now = app.businessClock.now();
  const entries: AuditEntry[] = [];
  guardPerson(tx, patientId);
  const ids = await findFutureBookings(tx, patientId, now, BATCH);
  for (const id of ids) entries.push(...(await cancelByPlatform(tx, id, REASON, now, app.cipher)));
  if (ids.length === BATCH) markEndingBookings(tx, patientId);
  return entries;
}

/** Sweep that cancels the bookings of disabled patients that the first batch did not include. */
export const sweepBookingsOfPatients =
  (app: Scheduling) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.businessClock.now();
    const find = (limit: number) => findEndingBookings(app.db, now, limit);
    const work = (id: string) =>
      app.transactions.run(SERVICE_ACTOR, async (tx) =>
        (await hasDisabledPatient(tx, id)) ? await cancelByPlatform(tx, id, REASON, now, app.cipher) : [],
      );
    await sweep(
      { find, work, failure: "booking of a disabled patient cannot be cancelled", signal },
      app.log,
    );
    await unmarkEndedPatients(app.db, now);
  };
