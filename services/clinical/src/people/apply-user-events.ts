import type { Role } from "@medconnect/platform/identity/caller.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { type Person, savePeople } from "./people-store.ts";

/**
 * user.*: copies an account's name and role. Clinical does nothing else for a disabled account: scheduling
 * cancels the account's bookings, and sends booking.cancelled.
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
