import { gauge } from "@medconnect/platform/telemetry/metrics.ts";
import type { Billing } from "../app.ts";
import { countBacklog } from "./backlog-store.ts";

/** Leaves to the metrics what is left to do at the provider, however often it was tried. */
export function watchBacklog(app: Billing): void {
  gauge(
    "settlement.waiting",
    "Payments with something to do at the provider, and refunds under way",
    async (report) => {
      for (const { what, state, count } of await countBacklog(app.db)) report(count, { what, state });
    },
  );
  gauge("settlement.age", "How long the oldest of them has waited, in seconds", async (report) => {
    const nowMs = app.clock.now().getTime();
    for (const { what, state, oldest } of await countBacklog(app.db)) {
      if (state === "waiting") report(oldest ? (nowMs - oldest.getTime()) / 1000 : 0, { what });
    }
  });
}
