import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/sweep.ts";
import type { Scheduling } from "../app.ts";
import { cancelByPlatform } from "../bookings/cancel-booking.ts";
import { SWEEPER } from "../bookings/expire-bookings.ts";
import {
  findUnlicensedBookings,
  findUnlicensedBookingsOf,
  forgetChanges,
  isUnlicensed,
} from "./unlicensed-booking-store.ts";

/** Bookings that one decision cancels in its own transaction; the sweep cancels the rest. */
const BATCH = 100;
/** Time after a decision in which bookings may be committed whose transactions read the licences before it. */
const LATE_CLAIMS_MS = 60_000;

/** Cancels a doctor's future bookings that lack the licence they need, with a full refund: the first of them at once. */
export async function endUnlicensedBookings(
  { box, jurisdiction }: Pick<Scheduling, "box" | "jurisdiction">,
  tx: Transaction,
  doctorId: string,
  now: Date,
): Promise<Trail[]> {
  const trails: Trail[] = [];
  for (const id of await findUnlicensedBookingsOf(tx, jurisdiction, doctorId, now, BATCH)) {
    trails.push(...(await cancelByPlatform(tx, id, now, box)));
  }
  return trails;
}

/** Cancels what a decision has left: bookings beyond its batch, and those made or moved while it was made. */
export const sweepUnlicensedBookings =
  (app: Scheduling) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.clock.now();
    const find = (limit: number) => findUnlicensedBookings(app, now, limit);
    const work = (id: string) =>
      app.changes.applyInternally(SWEEPER, async (tx) =>
        (await isUnlicensed(tx, app.jurisdiction, id, now))
          ? await cancelByPlatform(tx, id, now, app.box)
          : [],
      );
    await sweep({ find, work, failure: "booking without a licence cannot be cancelled", signal }, app.log);
    await forgetChanges(app, new Date(now.getTime() - LATE_CLAIMS_MS), now);
  };
