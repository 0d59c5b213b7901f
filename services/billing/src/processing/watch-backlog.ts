import { gauge, gaugeInSeconds } from "@medconnect/platform/telemetry/metrics.ts";
import { sampled } from "@medconnect/platform/telemetry/samples.ts";
import type { Billing } from "../app.ts";
import { countBacklog } from "./backlog-store.ts";

/** Registers the metrics of pending work at the provider. */
export function watchBacklog(app: Billing): void {
  const backlog = sampled(() => countBacklog(app.db));
  gauge(
    "payment_processing.waiting",
    "Payments with a pending step at the provider, and pending refunds",
    (report) => {
      for (const { kind, state, count } of backlog() ?? []) report(count, { kind, state });
    },
  );
  gaugeInSeconds("payment_processing.age", "Age of the oldest pending step or refund", (report) => {
    const nowMs = app.businessClock.now().getTime();
    for (const { kind, state, oldest } of backlog() ?? []) {
      if (state === "waiting") report(oldest ? (nowMs - oldest.getTime()) / 1000 : 0, { kind });
    }
  });
}
