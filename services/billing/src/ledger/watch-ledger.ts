import { gauge, lastRun } from "@medconnect/platform/telemetry/metrics.ts";
import type { Billing } from "../app.ts";
import { CHECKS, findViolations } from "./check-store.ts";

/**
 * Checks the ledger each time it is called, tells the log of violations, and leaves their number to the metrics, with
 * the time: the number stays where a check fails.
 */
export function watchLedger(app: Billing): () => Promise<void> {
  const checked = lastRun(
    "ledger.last_run",
    "When this process last checked the ledger, in seconds since 1970; 0 where it has not yet",
  );
  let counts: ReadonlyMap<string, number> = new Map();
  gauge("ledger.violations", "Violations that the last check of the ledger found, by check", (report) => {
    for (const [check, count] of counts) report(count, { check });
  });
  return async () => {
    const violations = await findViolations(app.db);
    const found = new Map<string, number>(Object.keys(CHECKS).map((check) => [check, 0]));
    for (const { check } of violations) found.set(check, found.get(check)! + 1);
    counts = found;
    checked(app.clock.now());
    if (violations.length > 0)
      app.log.error({ violations: violations.slice(0, 10) }, "ledger is out of balance");
  };
}
