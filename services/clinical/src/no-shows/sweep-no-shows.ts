import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { gauge } from "@medconnect/platform/telemetry/metrics.ts";
import { sampled } from "@medconnect/platform/telemetry/samples.ts";
import { type Clinical, SERVICE_ACTOR } from "../app.ts";
import { lockConsultation } from "../consultations/consultation-store.ts";
import { afterTransition, saveTransition } from "../consultations/transition.ts";
import { timeoutTransition } from "./no-show-rules.ts";
import { countDoctorNoShows, findDoctorNoShows, findUnattended } from "./no-show-store.ts";

/**
 * Job: records no-shows. If a punctual patient waited in vain until the end of the appointment, it is the
 * doctor's no-show. If a consultation never started otherwise, it is that of both parties.
 */
export const sweepNoShows =
  (app: Clinical) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.businessClock.now();
    const unattendedBefore = new Date(now.getTime() - app.unattendedAfterMs);
    await closeAll(app, (limit) => findDoctorNoShows(app.db, now, limit), now, signal);
    for (const status of ["SCHEDULED", "WAITING"] as const)
      await closeAll(app, (limit) => findUnattended(app.db, status, unattendedBefore, limit), now, signal);
  };

async function closeAll(
  app: Clinical,
  find: (limit: number) => Promise<string[]>,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<void> {
  const work = (id: string) => app.transactions.run(SERVICE_ACTOR, (tx) => close(app, tx, id, now));
  await sweep({ find, work, failure: "no-show cannot be recorded", signal }, app.log);
}

async function close(app: Clinical, tx: Transaction, id: string, now: Date): Promise<AuditEntry[]> {
  const row = await lockConsultation(tx, id);
  // Since the sweep found the consultation, its doctor, an admin or another replica may have ended it.
  const transition = timeoutTransition(row, now, app.unattendedAfterMs);
  if (!transition) return [];
  const after = afterTransition(app, row, transition, now);
  return [{ ...saveTransition(tx, row, after, now), action: "consultation.mark_no_show" }];
}

/**
 * Exports the number of punctual patients who wait past the end of their consultation. The number stays above
 * 0 only if the sweep does not run.
 */
export function watchNoShows(app: Clinical): void {
  const count = sampled(() => countDoctorNoShows(app.db, app.businessClock.now()));
  gauge("consultation.waiting_in_vain", "Consultations past their end with a waiting patient", (report) => {
    const waiting = count();
    if (waiting !== undefined) report(waiting);
  });
}
