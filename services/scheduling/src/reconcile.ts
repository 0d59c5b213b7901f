// Compares bookings with billing and clinical once, as scheduling does by itself every RECONCILE_EVERY.
import { parseArgs } from "node:util";
import { Changes } from "@medconnect/platform/changes.ts";
import { systemClock } from "@medconnect/platform/clock.ts";
import { duration, loadConfig, serviceSettings } from "@medconnect/platform/config.ts";
import { openKeyedHash } from "@medconnect/platform/crypto/open-keyed-hash.ts";
import { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { clientOf } from "@medconnect/platform/grpc/peers.ts";
import { Idempotency } from "@medconnect/platform/idempotency.ts";
import { ServiceTokens } from "@medconnect/platform/identity/service-tokens.ts";
import { createLogger } from "@medconnect/platform/log.ts";
import { startTls } from "@medconnect/platform/tls/start-tls.ts";
import { bookingLimitsOf, EVENT_ROUTES, schedulingSettings } from "./app.ts";
import { type Report, reconcileBookings } from "./reconciliation/reconcile-bookings.ts";
import { RemoteStandings } from "./reconciliation/standings.ts";

const HELP = `Compares bookings with their payments and consultations, and tells in what they disagree.

Usage: npm run reconcile -- [--since 24h] [--repair] [--json]
       node services/scheduling/src/reconcile.ts …   with the settings that scheduling runs with

  --since DURATION   bookings that have changed, or whose time was over, since so long ago; 24h
  --repair           has the other services told again, where policy allows, and takes in what was missed
  --json             one JSON object in place of lines
  --help             shows this

A change of a booking counts once it is RECONCILE_GRACE (60 s) old, because its events may be on their way until then.

Exit code: 0 all agree, 1 there are disagreements (repaired or not), 2 they could not be compared
Settings: DATABASE_URL, DATABASE_TIMEOUT, DATA_KEY, INTERNAL_KEY, CLINICAL_ADDRESS, BILLING_ADDRESS, RECONCILE_GRACE
`;

const CANNOT_COMPARE = 2;

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      since: { type: "string", default: "24h" },
      repair: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const since = duration("24h").safeParse(flags.since);
  if (!since.success) throw new Error(`--since ${since.error.issues[0]!.message}`);
  const { report, graceMs } = await reconcileOnce(since.data, flags.repair);
  process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : inLines(report, graceMs));
  return report.findings.length === 0 ? 0 : 1;
}

/** Compares once. @returns the report, and the age from which a change counts, in ms */
async function reconcileOnce(sinceMs: number, repair: boolean): Promise<{ report: Report; graceMs: number }> {
  // The audit trail is sealed by the service itself.
  const { AUDIT_KEY: _, ...settings } = serviceSettings;
  const config = loadConfig({ ...settings, ...schedulingSettings }, process.env, CANNOT_COMPARE);
  const db = new Database({ url: config.DATABASE_URL, poolSize: 2, timeoutMs: config.DATABASE_TIMEOUT });
  // Standard output is for the report, which contains the failures.
  const log = createLogger("scheduling", "silent");
  const { tls, stop: stopTls } = startTls(config, log);
  const billing = clientOf("billing", config, tls);
  const clinical = clientOf("clinical", config, tls);
  const box = new SealedBox(...config.DATA_KEY);
  const hash = await openKeyedHash(db, box);
  const changes = new Changes({
    db,
    clock: systemClock,
    idempotency: new Idempotency(db, box, hash),
    // The relays of the running processes find what is left in the outbox within seconds.
    relay: { send: async () => {} },
    hash,
    routes: EVENT_ROUTES,
  });
  const standings = new RemoteStandings(
    billing,
    clinical,
    new ServiceTokens("scheduling", config.INTERNAL_KEY),
  );
  const nowMs = Date.now();
  try {
    const graceMs = config.RECONCILE_GRACE;
    const report = await reconcileBookings(
      {
        db,
        clock: systemClock,
        changes,
        log,
        jurisdiction: config.JURISDICTION,
        bookingLimits: bookingLimitsOf(config),
      },
      standings,
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

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`reconcile: ${error.message}\n`);
    process.exitCode = CANNOT_COMPARE;
  },
);
