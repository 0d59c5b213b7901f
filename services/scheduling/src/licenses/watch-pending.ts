import { gauge, gaugeInSeconds } from "@medconnect/platform/telemetry/metrics.ts";
import { sampled } from "@medconnect/platform/telemetry/samples.ts";
import type { Scheduling } from "../app.ts";
import { countPending } from "./license-store.ts";

/**
 * Exports metrics of licences that wait for an admin. Doctors cannot be booked until an admin has verified a
 * licence of theirs.
 */
export function watchPending({ db, businessClock }: Pick<Scheduling, "db" | "businessClock">): void {
  const pending = sampled(() => countPending(db, businessClock.now()));
  gauge("licenses.pending", "Licences that wait for an admin's decision", (report) => {
    const claims = pending();
    if (claims) report(claims.count);
  });
  gaugeInSeconds("licenses.pending_age", "Time since the first of them began to wait", (report) => {
    const claims = pending();
    if (claims) report(claims.oldest ? (businessClock.now().getTime() - claims.oldest.getTime()) / 1000 : 0);
  });
}
