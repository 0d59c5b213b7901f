import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { newId } from "../ids/ids.ts";
import { injectTrace } from "../telemetry/tracing.ts";

/** An event before it has an id: the aggregate's whole state after a change, with its version. */
export interface NewEvent {
  /** Such as "booking.confirmed"; the word before the dot is the aggregate's type. */
  type: string;
  aggregateId: string;
  version: number;
  state: Event["state"];
}

/** Destinations of each type of event. */
export type EventRoutes = Readonly<Record<string, readonly string[]>>;

/** An event for one service. */
export interface Delivery {
  destination: string;
  event: Event;
}

/** Deliveries of events: one for each destination. */
export function deliveriesOf(events: NewEvent[], routes: EventRoutes, now: Date): Delivery[] {
  const { traceparent = "" } = injectTrace();
  return events.flatMap(({ type, aggregateId, version, state }) =>
    (routes[type] ?? []).map((destination) => ({
      destination,
      event: Event.fromPartial({
        id: newId(),
        type,
        aggregateId,
        version,
        occurTime: now,
        traceparent,
        state,
      }),
    })),
  );
}
