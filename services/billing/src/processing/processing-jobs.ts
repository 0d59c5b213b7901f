import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Billing } from "../app.ts";
import { settlePayments } from "./process-payments.ts";
import { settleRefunds } from "./process-refunds.ts";

/** Carry out all that is due: side by side, so that calls for payments that hang do not hold up refunds. */
export const settleJobs = (app: Billing, everyMs: number): Job[] => [
  new Job("settle payments", everyMs, settlePayments(app), app.log),
  new Job("settle refunds", everyMs, settleRefunds(app), app.log),
];
