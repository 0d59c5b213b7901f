import { counter, lastRun } from "@medconnect/platform/telemetry/metrics.ts";
import type { Scheduling } from "../app.ts";
import { reconcileBookings } from "./reconcile-bookings.ts";
import type { Snapshots } from "./snapshots.ts";

/** How far back the first run of a process looks: what was missed while none ran. */
const FIRST_LOOK_BACK_MS = 24 * 60 * 60_000;

const disagreements = counter(
  "reconciliation.disagreements",
  "Bookings that billing or clinical disagreed with, by kind, and whether that was repaired",
);

/**
 * Follows the changes of bookings, `graceMs` behind, and repairs what policy allows. Every replica does so by itself:
 * a repair is one conditional change of the booking, so the second finds it done.
 */
export function reconcileRegularly(
  app: Scheduling,
  snapshots: Snapshots,
  graceMs: number,
): (signal?: AbortSignal) => Promise<void> {
  const graceAgo = () => new Date(app.clock.now().getTime() - graceMs);
  let from = new Date(graceAgo().getTime() - FIRST_LOOK_BACK_MS);
  const compared = lastRun(
    "reconciliation.last_run",
    "When this process last compared bookings, in seconds since 1970; 0 where it has not yet",
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
