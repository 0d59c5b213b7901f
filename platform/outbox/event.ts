import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { newId } from "../ids/ids.ts";
import { injectTrace } from "../telemetry/tracing.ts";

/** A fact to tell other services: the aggregate's whole state after the change, under its version. */
export interface NewEvent {
  /** Such as "booking.confirmed"; the word before the dot is the aggregate's type. */
  type: string;
  aggregateId: string;
  version: number;
  state: Event["state"];
}

/** Which services are told of which event. */
export type EventRoutes = Readonly<Record<string, readonly string[]>>;

/** An event on its way to one service. */
export interface Delivery {
  destination: string;
  event: Event;
}

/** One delivery for each service that an event goes to. */
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
