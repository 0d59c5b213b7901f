import type { Role } from "@medconnect/platform/identity/caller.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { type Person, savePeople } from "./people-store.ts";

/**
 * user.*: copies an account's name and role. A disabled account needs nothing more here: scheduling cancels
 * its bookings, and sends booking.cancelled.
 */
export const applyUserEvents: EventHandler<never, Person> = {
  decide: (_facts, event) => {
    const { fullName, role } = stateOf(event, "user");
    return { userId: event.aggregateId, fullName, role: role as Role };
  },
  write: (tx, people) => {
    savePeople(tx, people);
    return people.map(() => []);
  },
};
