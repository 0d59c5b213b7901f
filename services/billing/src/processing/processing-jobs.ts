import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Billing } from "../app.ts";
import { processPayments } from "./process-payments.ts";
import { processRefunds } from "./process-refunds.ts";

/** Payments and refunds have separate jobs, so that hanging calls for payments do not delay refunds. */
export const processingJobs = (app: Billing, everyMs: number): Job[] => [
  new Job("process payments", everyMs, app.outbound.guard(processPayments(app)), app.log),
  new Job("process refunds", everyMs, app.outbound.guard(processRefunds(app)), app.log),
];
