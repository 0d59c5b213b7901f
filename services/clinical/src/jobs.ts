import { Job } from "@medconnect/platform/jobs/jobs.ts";
import type { Clinical } from "./app.ts";
import { sweepNoShows } from "./no-shows/sweep-no-shows.ts";
import { reportOverdue } from "./overdue/report-overdue.ts";
import { stopOrderedPrescriptions } from "./prescriptions/stop-ordered-prescriptions.ts";

/** Interval of the job that stops prescriptions. */
const STOP_MS = 2000;

export const jobsOf = (app: Clinical, { NO_SHOW_SWEEP }: { NO_SHOW_SWEEP: number }): Job[] => [
  new Job("sweep no-shows", NO_SHOW_SWEEP, sweepNoShows(app), app.log),
  new Job("stop prescriptions", STOP_MS, stopOrderedPrescriptions(app), app.log),
  new Job("report overdue consultations", NO_SHOW_SWEEP, reportOverdue(app), app.log),
];
