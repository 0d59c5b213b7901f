import type { Role } from "@medconnect/platform/identity/caller.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { type Person, savePeople } from "./people-store.ts";

/**
 * user.*: copies name and role. Scheduling cancels the bookings of a disabled account and sends booking.cancelled.
 */
export const applyUserEvents: EventHandler<never, Person> = {
  decide: (_facts, { aggregateId, user }) => ({
    userId: aggregateId,
    fullName: user!.fullName,
    role: user!.role as Role,
  }),
  write: (tx, people) => {
    savePeople(tx, people);
    return people.map(() => []);
  },
};
