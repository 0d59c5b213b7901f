import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import { saveGrants } from "./grant-store.ts";

/** break_glass.*: the grant is copied, so that a read needs no call to auth. */
export const applyGrantEvents: EventHandler = async (tx, events) => {
  saveGrants(
    tx,
    events.map(({ aggregateId, breakGlass }) => ({
      id: aggregateId,
      adminId: breakGlass!.adminId,
      patientId: breakGlass!.patientId,
      endTime: breakGlass!.endTime!,
    })),
  );
  return [];
};
