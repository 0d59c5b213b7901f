import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { SqlValue } from "../db/database.ts";
import { newId } from "../ids.ts";
import { injectTrace } from "../telemetry/tracing.ts";

type States = Pick<Event, "booking" | "payment" | "consultation" | "user">;

/** A fact to tell other services: the aggregate's whole state after the change, under its version. */
export interface NewEvent {
  /** Such as "booking.confirmed"; the word before the dot is the aggregate's type. */
  type: string;
  aggregateId: string;
  version: number;
  state: Partial<States>;
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
        ...state,
      }),
    })),
  );
}

export const INSERT_OUTBOX = `INSERT INTO outbox
  (id, aggregatetype, aggregateid, type, payload, destination, create_time, available_time) VALUES ?`;

/** Other relays leave a new event alone for this long: the process that wrote it sends it at once. */
const FIRST_SEND_MS = 2000;

/** The rows of INSERT_OUTBOX. */
export const outboxRows = (deliveries: Delivery[], now: Date): SqlValue[][] =>
  deliveries.map(({ destination, event }) => [
    event.id,
    event.type.split(".", 1)[0]!,
    event.aggregateId,
    event.type,
    Buffer.from(Event.encode(event).finish()),
    destination,
    now,
    new Date(now.getTime() + FIRST_SEND_MS),
  ]);
