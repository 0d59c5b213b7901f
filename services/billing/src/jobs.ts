import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Billing } from "./app.ts";
import { watchLedger } from "./ledger/watch-ledger.ts";
import { captureExpiring } from "./payments/capture-expiring.ts";
import { askAboutOpenPayments } from "./processing/ask-open-payments.ts";
import { deleteOldEvents } from "./webhooks/delete-old-events.ts";

/**
 * Interval of the deletion of old webhook events, in ms. It is short enough to keep up with any rate of
 * webhooks.
 */
const DELETE_EVENTS_MS = 60_000;

/** Interval of the questions to the provider after a restore, in ms. */
const ASK_OPEN_MS = 5000;

type Intervals = Record<"EXPIRY_CHECK_EVERY" | "LEDGER_CHECK_EVERY", number>;

export const jobsOf = (
  app: Billing,
  { EXPIRY_CHECK_EVERY, LEDGER_CHECK_EVERY }: Intervals,
  processing: readonly Job[],
): Job[] => [
  ...processing,
  new Job("ask about open payments", ASK_OPEN_MS, askAboutOpenPayments(app), app.log),
  new Job("capture expiring authorizations", EXPIRY_CHECK_EVERY, captureExpiring(app), app.log),
  new Job("delete old webhook events", DELETE_EVENTS_MS, deleteOldEvents(app), app.log),
  new Job("check the ledger", LEDGER_CHECK_EVERY, watchLedger(app), app.log),
];
