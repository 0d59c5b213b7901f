import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import { savePeople } from "./people-store.ts";

/**
 * user.*: the name is copied. What a disabled account had ahead of it is cancelled by scheduling, and comes as
 * booking.cancelled.
 */
export const applyUserEvents: EventHandler = async (tx, events) => {
  savePeople(
    tx,
    events.map(({ aggregateId, user }) => ({ userId: aggregateId, fullName: user!.fullName })),
  );
  return [];
};
