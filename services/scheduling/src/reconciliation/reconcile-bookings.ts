import type { Position } from "@medconnect/platform/db/filters.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { MAX_LENGTH_MS } from "../slots/slot-rules.ts";
import { compareBookings, type Disputed } from "./compare-bookings.ts";
import { CLOSE_WITHIN_MS, type DisagreementKind } from "./disagreement.ts";
import { type ComparedRow, findBookingsBetween, type WalkTime } from "./reconciliation-store.ts";
import { type Repairing, repairBooking } from "./repair-booking.ts";
import type { Snapshots } from "./snapshots.ts";

/** Bookings per page, below the 500 ids that the other services accept. */
const PAGE = 200;

/**
 * Outcome of a disagreement between a booking and its payment or consultation.
 *
 * | Outcome | Meaning |
 * |---|---|
 * | REPAIRED | the remedy was applied |
 * | LEFT | no remedy was applied: the mode is REPORT, the policy forbids it, the delivery of one of the booking's events was given up, or the booking has changed since the comparison |
 * | FAILED | the remedy threw an error |
 */
export type Outcome = "REPAIRED" | "LEFT" | "FAILED";

export interface Finding {
  bookingId: string;
  kind: DisagreementKind;
  outcome: Outcome;
}

export interface Report {
  /** Number of compared bookings. */
  compared: number;
  /** Number of bookings that could not be compared, because one of their events was in flight. */
  inFlight: number;
  findings: Finding[];
  /** Start of the next run, which includes the bookings in flight. */
  resumeFrom: Date;
}

export interface ReconcileOptions {
  /** Compares bookings that changed at or after `from` and before `to`. */
  from: Date;
  to: Date;
  /** REPAIR applies the remedies that policy allows. */
  mode: "REPORT" | "REPAIR";
  /** Stops the run after the current page. */
  signal?: AbortSignal | undefined;
}

/**
 * Every booking is compared after each of its changes, and again when its appointment must be over and
 * closed. The second comparison finds consultations that nobody closed, and consultations whose end
 * scheduling does not know, because the event was lost.
 */
const WALKS: readonly { time: WalkTime; laterMs: number }[] = [
  { time: "updateTime", laterMs: 0 },
  { time: "startTime", laterMs: MAX_LENGTH_MS + CLOSE_WITHIN_MS },
];

/**
 * Compares bookings with billing and clinical, page by page. Throws UNAVAILABLE if billing or clinical does
 * not answer.
 */
export async function reconcileBookings(
  app: Repairing,
  snapshots: Snapshots,
  { from, to, mode, signal }: ReconcileOptions,
): Promise<Report> {
  const report: Report = { compared: 0, inFlight: 0, findings: [], resumeFrom: to };
  for (const { time, laterMs } of WALKS) {
    const timeOf = (row: ComparedRow) => row[time];
    const between = { from: earlier(from, laterMs), to: earlier(to, laterMs) };
    let after: Position | undefined;
    do {
      signal?.throwIfAborted();
      const rows = await findBookingsBetween(app.db, time, between, after, PAGE);
      const last = rows.at(-1);
      if (!last) break;
      const { disputed, inFlight } = await compareBookings(app.db, snapshots, rows, app.businessClock.now());
      for (const one of disputed) report.findings.push(...(await resolve(app, one, mode)));
      report.compared += rows.length;
      report.inFlight += inFlight.length;
      const [first] = inFlight;
      if (first) report.resumeFrom = earliest(report.resumeFrom, earlier(timeOf(first), -laterMs));
      after = rows.length < PAGE ? undefined : [timeOf(last), last.id];
    } while (after);
  }
  return report;
}

async function resolve(app: Repairing, disputed: Disputed, mode: "REPORT" | "REPAIR"): Promise<Finding[]> {
  const outcome = mode === "REPAIR" ? await repair(app, disputed) : "LEFT";
  return disputed.disagreements.map(({ kind, remedy }) => ({
    bookingId: disputed.row.id,
    kind,
    outcome: remedy ? outcome : "LEFT",
  }));
}

async function repair(app: Repairing, disputed: Disputed): Promise<Outcome> {
  const remedy = disputed.disagreements.find((one) => one.remedy)?.remedy;
  if (!remedy || disputed.hasDeadEvents) return "LEFT";
  try {
    return (await repairBooking(app, disputed, remedy)) ? "REPAIRED" : "LEFT";
  } catch (error) {
    const { reason } = ApiError.from(error);
    app.log.warn({ err: error, bookingId: disputed.row.id, reason }, "booking cannot be repaired");
    return "FAILED";
  }
}

const earlier = (time: Date, ms: number): Date => new Date(time.getTime() - ms);

const earliest = (a: Date, b: Date): Date => (a < b ? a : b);
