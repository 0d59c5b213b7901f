import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import type { Clinical } from "../app.ts";
import { eventOf } from "../consultations/consultation.ts";
import { lockConsultations } from "../consultations/consultation-store.ts";
import { SWEEPER } from "../sweeper.ts";
import { findUntoldOverdue, saveOverdue } from "./overdue-store.ts";

/**
 * Sends one event for each consultation that is still in progress long after its end. The fee waits: only the doctor or an
 * admin knows whether it took place.
 */
export const tellOverdue =
  (app: Clinical) =>
  async (signal?: AbortSignal): Promise<void> => {
    const by = overdueBy(app);
    const find = (limit: number) => findUntoldOverdue(app.db, by, limit);
    const work = (id: string) => app.transactions.run(SWEEPER, (tx) => tell(app, tx, id));
    await sweep({ find, work, failure: "overdue consultation cannot be reported", signal }, app.log);
  };

/** Consultations in progress with an end before this time are overdue. */
export const overdueBy = ({ clock, overdueAfterMs }: Clinical): Date =>
  new Date(clock.now().getTime() - overdueAfterMs);

async function tell(app: Clinical, tx: Transaction, id: string): Promise<AuditEntry[]> {
  const row = (await lockConsultations(tx, [id]))[0]!;
  if (row.status !== "IN_PROGRESS" || row.overdueTime) return [];
  const told = { ...row, version: row.version + 1 };
  saveOverdue(tx, told, app.clock.now());
  return [
    {
      action: "consultation.tell_overdue",
      resource: `consultations/${id}`,
      subjectIds: [row.patientId, row.doctorId],
      events: [eventOf("consultation.overdue", told)],
    },
  ];
}
