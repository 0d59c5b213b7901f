import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Billing } from "./app.ts";
import { watchLedger } from "./ledger/watch-ledger.ts";
import { captureExpiring } from "./payments/capture-expiring.ts";
import { forgetWebhooks } from "./webhooks/forget-webhooks.ts";

/** Far more often than needed to keep up with what comes. */
const FORGET_WEBHOOKS_MS = 60_000;

type Intervals = Record<"EXPIRY_CHECK_EVERY" | "LEDGER_CHECK_EVERY", number>;

/** Billing's background jobs, with those that settle payments and refunds. */
export const jobsOf = (
  app: Billing,
  { EXPIRY_CHECK_EVERY, LEDGER_CHECK_EVERY }: Intervals,
  processing: readonly Job[],
): Job[] => [
  ...processing,
  new Job("capture expiring authorizations", EXPIRY_CHECK_EVERY, captureExpiring(app), app.log),
  new Job("forget webhooks", FORGET_WEBHOOKS_MS, forgetWebhooks(app), app.log),
  new Job("check the ledger", LEDGER_CHECK_EVERY, watchLedger(app), app.log),
];
