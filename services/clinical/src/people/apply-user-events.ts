import type { Role } from "@medconnect/platform/identity/caller.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import { savePeople } from "./people-store.ts";

/**
 * user.*: copies name and role. Scheduling cancels the bookings of a disabled account and sends booking.cancelled.
 */
export const applyUserEvents: EventHandler = async (tx, events) => {
  savePeople(
    tx,
    events.map(({ aggregateId, user }) => ({
      userId: aggregateId,
      fullName: user!.fullName,
      role: user!.role as Role,
    })),
  );
  return [];
};
