import { newId } from "../ids/ids.ts";
import { OutboundGate } from "../restores/outbound-gate.ts";
import { deleteUnconfirmedRestores, insertUnconfirmedRestore } from "../restores/restore-store.ts";
import type { Platform } from "../service/service.ts";

type App = Pick<Platform, "db" | "log" | "clock">;

/** Marks a schema as restored. @returns the gate of a process that starts then */
export async function closedGate(app: App): Promise<OutboundGate> {
  const now = app.clock.now();
  await app.db.transaction(async (tx) =>
    insertUnconfirmedRestore(tx, { id: newId(), moment: now, createTime: now, readyTime: null }),
  );
  return await OutboundGate.of(app);
}

/** Confirms the restore of a schema. */
export async function confirmRestoreOf({ db }: App): Promise<void> {
  await db.transaction(async (tx) => deleteUnconfirmedRestores(tx));
}
