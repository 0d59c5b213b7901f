import { gauge, lastRun } from "@medconnect/platform/telemetry/metrics.ts";
import type { Billing } from "../app.ts";
import { CHECK_NAMES, type Check, findViolations } from "./check-store.ts";

/**
 * Job: checks the ledger, logs violations, and reports their number and the time of the check as metrics. If
 * the check cannot run, the metrics keep their values.
 */
export function watchLedger(app: Billing): () => Promise<void> {
  const ran = lastRun(
    "ledger.last_run",
    "Time of this process's last completed check of the ledger, in seconds since 1970; 0 before the first",
  );
  let counts: ReadonlyMap<Check, number> = new Map();
  gauge("ledger.violations", "Violations found by the last check of the ledger, by check", (report) => {
    for (const [check, count] of counts) report(count, { check });
  });
  return async () => {
    const violations = await findViolations(app.db);
    counts = new Map(
      CHECK_NAMES.map((name) => [name, violations.filter(({ check }) => check === name).length]),
    );
    ran(app.clock.now());
    if (violations.length > 0)
      app.log.error({ violations: violations.slice(0, 10) }, "ledger is out of balance");
  };
}
