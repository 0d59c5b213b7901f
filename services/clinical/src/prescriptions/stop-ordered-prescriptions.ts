import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import type { Clinical } from "../app.ts";
import { SWEEPER } from "../sweeper.ts";
import { endReasonContext } from "./prescription.ts";
import { lockPrescription, saveEnd } from "./prescription-store.ts";
import { endStopOrders, findOrderingAdmin, findPrescriptionsToStop } from "./stop-store.ts";

/** Reason that is shown to patient and doctor. */
const REASON = "The doctor's licence was revoked.";
/** A prescription that was issued before an order arrived may commit up to this many ms after the arrival. */
const LATE_COMMIT_MS = 60_000;

/**
 * Stops active prescriptions of doctors if an admin has ordered to stop them. Does not decrypt their content.
 * The access log of each patient names the admin.
 */
export const stopOrderedPrescriptions =
  (app: Clinical) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.clock.now();
    const find = (limit: number) => findPrescriptionsToStop(app.db, now, limit);
    const work = (id: string) => app.transactions.run(SWEEPER, (tx) => stop(app, tx, id, now));
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
