import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { gauge } from "@medconnect/platform/telemetry/metrics.ts";
import type { Clinical } from "../app.ts";
import { stepOfTime } from "./consultation-rules.ts";
import { countWaitingInVain, findWaitingInVain, lockConsultations } from "./consultation-store.ts";
import { move, saveMove } from "./move-consultation.ts";

const BATCH = 100;
const SWEEPER = "service:clinical";

/** Closes the consultations whose patients waited until the end: the doctor did not come. */
export const sweepNoShows = (app: Clinical) => async (): Promise<void> => {
  const ids = await findWaitingInVain(app.db, app.clock.now(), BATCH);
  if (ids.length > 0) await app.changes.applyInternally(SWEEPER, (tx) => closeEach(app, tx, ids));
};

async function closeEach(app: Clinical, tx: Transaction, ids: string[]): Promise<Trail[]> {
  const now = app.clock.now();
  const trails: Trail[] = [];
  // Between the search and the lock another sweeper, or the doctor, may have closed some.
  for (const row of await lockConsultations(tx, ids)) {
    const step = stepOfTime({ status: row.status, endTime: row.end_time }, now);
    if (!step) continue;
    const trail = saveMove(tx, move(row, step, now, app.box));
    trails.push({ ...trail, action: "consultation.mark_no_show" });
  }
  return trails;
}

/** Reports how many patients have waited past the end: more than a few for long means that the sweep does not run. */
export const watchNoShows = (app: Clinical): void =>
  gauge("consultation.waiting_in_vain", "Consultations past their end whose patient waits", async (report) =>
    report(await countWaitingInVain(app.db, app.clock.now())),
  );
