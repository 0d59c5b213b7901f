import { counter, lastRun } from "@medconnect/platform/telemetry/metrics.ts";
import type { Scheduling } from "../app.ts";
import { reconcileBookings } from "./reconcile-bookings.ts";
import type { Snapshots } from "./snapshots.ts";

/**
 * The first run of a process compares the bookings that changed in this many ms before the run. Some of them
 * may have changed while no process ran.
 */
const FIRST_LOOK_BACK_MS = 24 * 60 * 60_000;

const disagreements = counter(
  "reconciliation.disagreements",
  "Disagreements of bookings with billing or clinical, by kind, and whether they were repaired",
);

/**
 * Compares changed bookings `graceMs` after their change, and repairs disagreements. Every replica runs this
 * function. A repair changes a booking only if the booking still has the version that was compared, so only
 * one replica makes each repair.
 */
export function reconcileRegularly(
  app: Scheduling,
  snapshots: Snapshots,
  graceMs: number,
): (signal?: AbortSignal) => Promise<void> {
  const graceAgo = () => new Date(app.businessClock.now().getTime() - graceMs);
  let from = new Date(graceAgo().getTime() - FIRST_LOOK_BACK_MS);
  const compared = lastRun(
    "reconciliation.last_run",
    "Time of this process's last comparison of bookings, in seconds since 1970; 0: never",
  );
  return async (signal) => {
    const to = graceAgo();
    if (to <= from) return;
    const report = await reconcileBookings(app, snapshots, { from, to, mode: "REPAIR", signal });
    for (const { bookingId, kind, outcome } of report.findings) {
      disagreements({ kind, repaired: outcome === "REPAIRED" });
      app.log.warn({ bookingId, kind, outcome }, "services disagree about a booking");
    }
    from = report.resumeFrom;
    compared(app.clock.now());
  };
}
