import { gauge } from "@medconnect/platform/telemetry/metrics.ts";
import { sampled } from "@medconnect/platform/telemetry/samples.ts";
import type { Billing } from "../app.ts";
import { countBacklog } from "./backlog-store.ts";

/** Leaves to the metrics what is left to do at the provider, however often it was tried. */
export function watchBacklog(app: Billing): void {
  const backlog = sampled(() => countBacklog(app.db));
  gauge(
    "payment_processing.waiting",
    "Payments with something to do at the provider, and refunds under way",
    (report) => {
      for (const { what, state, count } of backlog() ?? []) report(count, { what, state });
    },
  );
  gauge("payment_processing.age", "How long the oldest of them has waited, in seconds", (report) => {
    const nowMs = app.clock.now().getTime();
    for (const { what, state, oldest } of backlog() ?? []) {
      if (state === "waiting") report(oldest ? (nowMs - oldest.getTime()) / 1000 : 0, { what });
    }
  });
}
