import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Scheduling, SERVICE_ACTOR } from "../app.ts";
import { withdrawOpenSlots } from "../slots/slot-store.ts";
import { findHiddenDoctors, isHidden } from "./hidden-doctor-store.ts";

/** Maximum number of slots withdrawn in one transaction. */
const BATCH = 1000;

/**
 * Withdraws a first batch of a disabled doctor's future slots that are open or blocked. The job `sweepSlots`
 * withdraws the rest.
 */
export async function withdrawSlots(tx: Transaction, doctorId: string, now: Date): Promise<AuditEntry[]> {
  const withdrawn = await withdrawOpenSlots(tx, doctorId, now, BATCH);
  if (withdrawn === 0) return [];
  return [{ action: "slot.withdraw_all", resource: `doctors/${doctorId}`, subjectIds: [doctorId] }];
}

/**
 * Sweep that withdraws the open or blocked slots that a disabled doctor still has. These are slots beyond the
 * first batch, and slots that became open later because their bookings ended.
 */
export const sweepSlots =
  (app: Scheduling) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.businessClock.now();
    const find = (limit: number) => findHiddenDoctors(app.db, now, limit);
    const work = (id: string) =>
      app.transactions.run(SERVICE_ACTOR, async (tx) =>
        (await isHidden(tx, id)) ? await withdrawSlots(tx, id, now) : [],
      );
    await sweep({ find, work, failure: "slots of a disabled doctor cannot be withdrawn", signal }, app.log);
  };
