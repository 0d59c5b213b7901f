import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Clinical, SERVICE_ACTOR } from "../app.ts";
import { endReasonContext } from "./prescription.ts";
import { lockPrescription, saveEnd } from "./prescription-store.ts";
import { endStopOrders, findOrderingAdmin, findPrescriptionsToStop } from "./stop-store.ts";

/** Reason that is shown to patient and doctor. */
const REASON = "The doctor's licence was revoked.";
/**
 * Minimum time in ms for which an order to stop prescriptions stays open. Prescriptions that were issued
 * before the order arrived may commit up to this much later.
 */
const LATE_COMMIT_MS = 60_000;

/**
 * Job: stops the active prescriptions of a doctor if an admin has ordered this. The content of the
 * prescriptions is not decrypted. The access log of each patient names the admin.
 */
export const stopOrderedPrescriptions =
  (app: Clinical) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.businessClock.now();
    const find = (limit: number) => findPrescriptionsToStop(app.db, now, limit);
    const work = (id: string) => app.transactions.run(SERVICE_ACTOR, (tx) => stop(app, tx, id, now));
    await sweep({ find, work, failure: "prescription cannot be stopped", signal }, app.log);
    await endStopOrders(app.db, new Date(now.getTime() - LATE_COMMIT_MS), now);
  };

async function stop({ cipher }: Clinical, tx: Transaction, id: string, now: Date): Promise<AuditEntry[]> {
  const row = await lockPrescription(tx, id);
  const adminId = await findOrderingAdmin(tx, id, now);
  if (!adminId) return [];
  saveEnd(tx, {
    ...row,
    status: "STOPPED",
    endedBy: adminId,
    endTime: now,
    endReason: cipher.encrypt(endReasonContext(row), REASON),
  });
  return [
    {
      action: "prescription.stop",
      actorId: adminId,
      resource: `prescriptions/${id}`,
      subjectIds: [row.patientId, row.doctorId],
    },
  ];
}
