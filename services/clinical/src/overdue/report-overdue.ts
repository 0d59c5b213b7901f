import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Clinical, SERVICE_ACTOR } from "../app.ts";
import { eventOf } from "../consultations/consultation-events.ts";
import { lockConsultation } from "../consultations/consultation-store.ts";
import { findUnreportedOverdue, saveOverdue } from "./overdue-store.ts";

/**
 * Sends one event for each consultation that is still in progress long after its end time. The fee stays
 * undecided, because only the doctor or an admin knows whether the consultation took place.
 */
export const reportOverdue =
  (app: Clinical) =>
  async (signal?: AbortSignal): Promise<void> => {
    const before = overdueBefore(app);
    const find = (limit: number) => findUnreportedOverdue(app.db, before, limit);
    const work = (id: string) => app.transactions.run(SERVICE_ACTOR, (tx) => report(app, tx, id));
    await sweep({ find, work, failure: "overdue consultation cannot be reported", signal }, app.log);
  };

/** A consultation in progress is overdue if its end time is at or before the returned time. */
export const overdueBefore = ({ businessClock, overdueAfterMs }: Clinical): Date =>
  new Date(businessClock.now().getTime() - overdueAfterMs);

async function report(app: Clinical, tx: Transaction, id: string): Promise<AuditEntry[]> {
  const row = await lockConsultation(tx, id);
  // Since the job found the consultation, its doctor may have ended it, or another replica may have reported
  // it.
  if (row.status !== "IN_PROGRESS" || row.overdueTime) return [];
  const reported = { ...row, version: row.version + 1, overdueTime: app.businessClock.now() };
  saveOverdue(tx, reported);
  return [
    {
      action: "consultation.report_overdue",
      resource: `consultations/${id}`,
      subjectIds: [row.patientId, row.doctorId],
      events: [eventOf("consultation.overdue", reported)],
    },
  ];
}
