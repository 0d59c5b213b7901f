import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";

type State = NonNullable<Event["state"]>;
type StateOf<Kind extends State["$case"]> = Extract<State, { $case: Kind }>["value"];

/**
 * Returns the state of the aggregate in an event. Throws if the event has a state of another kind, or none.
 */
export function stateOf<Kind extends State["$case"]>({ id, state }: Event, kind: Kind): StateOf<Kind> {
  if (state?.$case !== kind)
    throw new Error(`event ${id} carries ${state?.$case ?? "no state"}, not ${kind}`);
  return state.value as StateOf<Kind>;
}
