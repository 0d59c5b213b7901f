// `npm run reconcile`: compares scheduling's bookings with billing and clinical once. The scheduling service
// makes the same comparison every RECONCILE_EVERY.
import { loadConfig, serviceSettings } from "@medconnect/platform/config/config.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import { createLogger } from "@medconnect/platform/telemetry/log.ts";
import { openBusinessClock } from "@medconnect/platform/time/sandbox-clock.ts";
import { startTls } from "@medconnect/platform/tls/start-tls.ts";
import { EVENT_ROUTES } from "@medconnect/scheduling/src/app.ts";
import {
  type Report,
  reconcileBookings,
} from "@medconnect/scheduling/src/reconciliation/reconcile-bookings.ts";
import { RemoteSnapshots } from "@medconnect/scheduling/src/reconciliation/snapshots.ts";
import { bookingLimitsOf, schedulingSettings } from "@medconnect/scheduling/src/settings.ts";
import { addressSettings } from "@medconnect/topology/addresses.ts";
import { clientOf } from "@medconnect/topology/clients.ts";
import { durationOf, runCommand } from "./command/command.ts";
import { commandTransactions } from "./command/command-transactions.ts";
import { inheritSettings } from "./settings/running-stack.ts";

const HELP = `Compares bookings with their payments and consultations, and prints disagreements.

Usage: npm run reconcile -- [--since 24h] [--repair] [--json]

  --since DURATION   Compares bookings that changed or ended within this time (24h).
  --repair           Sends events again where policy allows, and applies events that were missed.
  --json             Prints one JSON object in place of lines.
  -h, --help         Shows this.

Changes younger than RECONCILE_GRACE (60 s) are left out, because their events may still be on their way.

Exit codes: 0 all agree, 1 disagreements were found (repaired or not), 2 the comparison failed or the arguments are wrong
Settings: those of scheduling: DATABASE_URL, DATABASE_TIMEOUT, DATA_KEY, INTERNAL_KEY, CLINICAL_ADDRESS,
BILLING_ADDRESS, RECONCILE_GRACE; default: the system that npm start runs here (STACK_JSON).
`;

const COMPARISON_FAILED = 2;

runCommand({
  name: "reconcile",
  help: HELP,
  options: {
    since: { type: "string", default: "24h" },
    repair: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  errorCode: COMPARISON_FAILED,
  run: async ({ since, repair, json }) => {
    const sinceMs = durationOf("since", since);
    inheritSettings("scheduling");
    const { report, graceMs } = await reconcileOnce(sinceMs, repair);
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : inLines(report, graceMs));
    return report.findings.length === 0 ? 0 : 1;
  },
});

/** @returns the report, and the age in ms below which changes are too recent to be compared */
async function reconcileOnce(sinceMs: number, repair: boolean): Promise<{ report: Report; graceMs: number }> {
  // The running service seals the audit events that this command writes, and only services need Redis.
  const { AUDIT_KEY: _, REDIS_URL: __, ...settings } = serviceSettings;
  const config = loadConfig(
    { ...settings, ...addressSettings, ...schedulingSettings },
    process.env,
    COMPARISON_FAILED,
  );
  const db = new Database({ url: config.DATABASE_URL, poolSize: 2, timeoutMs: config.DATABASE_TIMEOUT });
  // The log is silent, because standard output is for the report, and the report contains the failures.
  const log = createLogger("scheduling", "silent");
  const { tls, stop: stopTls } = startTls(config, log);
  const billing = clientOf("billing", config, tls);
  const clinical = clientOf("clinical", config, tls);
  const cipher = new FieldCipher(...config.DATA_KEY);
  const hash = await openKeyedHash(db, cipher);
  const transactions = commandTransactions(db, { hash, routes: EVENT_ROUTES });
  const snapshots = new RemoteSnapshots(
    billing,
    clinical,
    new ServiceTokens("scheduling", config.INTERNAL_KEY),
  );
  const businessClock = openBusinessClock(config.SANDBOX_CLOCK);
  const nowMs = businessClock.now().getTime();
  try {
    const graceMs = config.RECONCILE_GRACE;
    const report = await reconcileBookings(
      {
        db,
        businessClock,
        transactions,
        log,
        jurisdiction: config.JURISDICTION,
        bookingLimits: bookingLimitsOf(config),
      },
      snapshots,
      {
        from: new Date(nowMs - sinceMs),
        to: new Date(nowMs - graceMs),
        mode: repair ? "REPAIR" : "REPORT",
      },
    );
    return { report, graceMs };
  } finally {
    for (const client of [billing, clinical]) client.close();
    await Promise.all([db.close(), stopTls()]);
  }
}

function inLines({ compared, inFlight, findings }: Report, graceMs: number): string {
  const lines = findings.map(({ bookingId, kind, outcome }) => `${bookingId}  ${kind}  ${outcome}\n`);
  const waiting = inFlight > 0 ? `, ${inFlight} with events on their way` : "";
  const left = `changes of the last ${graceMs / 1000} s left out`;
  return `${lines.join("")}${compared} bookings compared${waiting}, ${findings.length} disagreements; ${left}\n`;
}
