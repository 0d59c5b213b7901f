import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { gauge } from "@medconnect/platform/telemetry/metrics.ts";
import { sampled } from "@medconnect/platform/telemetry/samples.ts";
import type { Clinical } from "../app.ts";
import { lockConsultations } from "../consultations/consultation-store.ts";
import { move, saveMove } from "../consultations/move-consultation.ts";
import { SWEEPER } from "../sweeper.ts";
import { stepOfTime } from "./no-show-rules.ts";
import { countWaitingInVain, findEnded, findWaitedInVain } from "./no-show-store.ts";

/** Closes consultations whose patients waited until the end, and unattended ones. */
export const sweepNoShows =
  (app: Clinical) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.clock.now();
    const unattendedSince = new Date(now.getTime() - app.unattendedAfterMs);
    await closeAll(app, (limit) => findWaitedInVain(app.db, now, limit), now, signal);
    for (const status of ["SCHEDULED", "WAITING"] as const)
      await closeAll(app, (limit) => findEnded(app.db, status, unattendedSince, limit), now, signal);
  };

async function closeAll(
  app: Clinical,
  find: (limit: number) => Promise<string[]>,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<void> {
  const work = (id: string) => app.transactions.run(SWEEPER, (tx) => close(app, tx, id, now));
  await sweep({ find, work, failure: "no-show cannot be recorded", signal }, app.log);
}

async function close(app: Clinical, tx: Transaction, id: string, now: Date): Promise<AuditEntry[]> {
  const row = (await lockConsultations(tx, [id]))[0]!;
  // Between the search and the lock another sweeper, the doctor or an admin may have closed it.
  const facts = { status: row.status, endTime: row.endTime, lateParty: row.lateParty };
  const step = stepOfTime(facts, now, app.unattendedAfterMs);
  if (!step) return [];
  return [{ ...saveMove(tx, row, move(app, row, step, now)), action: "consultation.mark_no_show" }];
}

/** Reports how many patients have waited past the end: more than a few for long means that the sweep does not run. */
export function watchNoShows(app: Clinical): void {
  const count = sampled(() => countWaitingInVain(app.db, app.clock.now()));
  gauge("consultation.waiting_in_vain", "Consultations past their end with a waiting patient", (report) => {
    const waiting = count();
    if (waiting !== undefined) report(waiting);
  });
}
