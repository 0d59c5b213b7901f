import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Scheduling } from "./app.ts";
import { sweepReasons } from "./bookings/erase-reasons.ts";
import { sweepHolds } from "./bookings/expire-bookings.ts";
import { sweepBookingsOfPatients } from "./endings/end-bookings-of-patient.ts";
import { sweepUnlicensedBookings } from "./endings/end-unlicensed-bookings.ts";
import { sweepSlots } from "./endings/withdraw-slots.ts";
import { reconcileRegularly } from "./reconciliation/reconcile-regularly.ts";
import type { Snapshots } from "./reconciliation/snapshots.ts";
import { sweepSchedules } from "./schedules/make-slots.ts";
import { refreshIndex } from "./search-index/refresh-index.ts";

const REFRESH_INDEX_MS = 10_000;
const MAKE_SLOTS_MS = 2000;

type Intervals = Record<"HOLD_SWEEP" | "RECONCILE_EVERY" | "RECONCILE_GRACE", number>;

/** Scheduling's background jobs. RECONCILE_EVERY = 0 turns reconciliation off. */
export function jobsOf(
  app: Scheduling,
  { HOLD_SWEEP, RECONCILE_EVERY, RECONCILE_GRACE }: Intervals,
  snapshots: Snapshots,
): Job[] {
  const jobs = [
    new Job("sweep holds", HOLD_SWEEP, sweepHolds(app), app.log),
    new Job("erase reasons", HOLD_SWEEP, sweepReasons(app), app.log),
    new Job("cancel unlicensed bookings", HOLD_SWEEP, sweepUnlicensedBookings(app), app.log),
    new Job("cancel bookings of disabled patients", HOLD_SWEEP, sweepBookingsOfPatients(app), app.log),
    new Job("withdraw slots of disabled doctors", HOLD_SWEEP, sweepSlots(app), app.log),
    new Job("make slots of schedules", MAKE_SLOTS_MS, sweepSchedules(app), app.log),
    new Job("refresh the search index", REFRESH_INDEX_MS, refreshIndex(app), app.log),
  ];
  if (RECONCILE_EVERY > 0) {
    const reconcile = reconcileRegularly(app, snapshots, RECONCILE_GRACE);
    jobs.push(new Job("reconcile bookings", RECONCILE_EVERY, reconcile, app.log));
  }
  return jobs;
}
