import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Billing } from "../app.ts";
import { processPayments } from "./process-payments.ts";
import { processRefunds } from "./process-refunds.ts";

/** Carry out all that is due: side by side, so that calls for payments that hang do not hold up refunds. */
export const processingJobs = (app: Billing, everyMs: number): Job[] => [
  new Job("process payments", everyMs, processPayments(app), app.log),
  new Job("process refunds", everyMs, processRefunds(app), app.log),
];
