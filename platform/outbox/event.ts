import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { newId } from "../ids/ids.ts";
import { injectTrace } from "../telemetry/tracing.ts";

type State = NonNullable<Event["state"]>;

type SnakeCase<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Text;

/**
 * Type of an event, such as "booking.confirmed" for the state `booking`, or "break_glass.granted" for the
 * state `breakGlass`.
 */
type TypeOf<Kind extends string> = `${SnakeCase<Kind>}.${string}`;

interface EventWith<Kind extends State["$case"]> {
  type: TypeOf<Kind>;
  aggregateId: string;
  version: number;
  state: Extract<State, { $case: Kind }>;
}

/**
 * An event that has no id yet: the whole state of the aggregate after a change, and the version of that
 * state.
 */
export type NewEvent = { [Kind in State["$case"]]: EventWith<Kind> }[State["$case"]];

/** Names of the services to which each type of event is sent. */
export type EventRoutes = Readonly<Record<string, readonly string[]>>;

/** An event, and the service to which it is sent. */
export interface Delivery {
  destination: string;
  event: Event;
}

/** Makes the deliveries of events: one for each destination. An event whose type has no route gets none. */
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
