import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { AuditEntry } from "../changes/audit-entry.ts";
import type { Transaction } from "../db/transaction.ts";
import type { BusinessClock } from "../time/clock.ts";
import type { EventHandler } from "./event-handler.ts";

/** Handlers of events, by the type of event. */
type Handlers = Readonly<Record<string, { apply: EventHandler }>>;

/** Outcome of events that one transaction has applied together. */
export interface Applied {
  /** Audit entries of each applied event; an empty list if the event changed nothing. */
  entries: Map<Event, AuditEntry[]>;
  /** Events that this transaction could not apply. Another transaction must apply them. */
  left: Event[];
}

/**
 * Applies those events that are newer than the last applied version of their aggregate, in few round trips.
 *
 * @param isNewer tests whether an event is newer than the last applied version of its aggregate. Resolves in
 *   the round trip that also locks the rows of the events
 * @param isShared true if the transaction skips locked rows. Then events whose rows are locked or missing,
 *   and events that cannot be applied, are left for another transaction
 */
export async function applyTogether(
  tx: Transaction,
  handlers: Handlers,
  events: Event[],
  isNewer: Promise<(event: Event) => boolean>,
  clock: BusinessClock,
  isShared: boolean,
): Promise<Applied> {
  const [isToApply, factsOf] = await Promise.all([isNewer, lock(tx, handlers, events, isShared)]);
  // Reads the time only now, because the wait for locks may have taken seconds.
  const now = clock.now();
  const newer = events.filter(isToApply);
  const { plans, ...outcome } = decide(handlers, newer, factsOf, now, isShared);
  for (const [handler, group] of byHandler(handlers, [...plans.keys()])) {
    const written = await handler.write(
      tx,
      group.map((event) => plans.get(event)),
      now,
    );
    // biome-ignore lint/style/noNonNullAssertion: `write` returns a list for each plan
    for (const [i, event] of group.entries()) outcome.entries.set(event, written[i]!);
  }
  return outcome;
}

/**
 * Locks rows and reads the facts for each event. If `isShared`, omits events whose rows are missing or
 * locked.
 */
async function lock(
  tx: Transaction,
  handlers: Handlers,
  events: Event[],
  isShared: boolean,
): Promise<Map<Event, unknown>> {
  const factsOf = new Map<Event, unknown>();
  const lockGroup = async ([handler, group]: [EventHandler, Event[]]) => {
    if (!isShared) handler.prepare?.(tx, group);
    const facts = await handler.lock?.(tx, group);
    for (const [i, event] of group.entries()) {
      const isMissing = facts !== undefined && facts[i] === undefined;
      if (!isMissing || !isShared) factsOf.set(event, facts?.[i]);
    }
  };
  await Promise.all(byHandler(handlers, events).map(lockGroup));
  return factsOf;
}

/**
 * Decides the events one by one. If several events change the same row, decides only the first, and leaves
 * the others for another transaction.
 */
function decide(
  handlers: Handlers,
  events: Event[],
  factsOf: Map<Event, unknown>,
  now: Date,
  isShared: boolean,
): Applied & { plans: Map<Event, unknown> } {
  const outcome = {
    plans: new Map<Event, unknown>(),
    entries: new Map<Event, AuditEntry[]>(),
    left: [] as Event[],
  };
  const taken = new Set<string>();
  for (const event of events) {
    // biome-ignore lint/style/noNonNullAssertion: the inbox passes only events of known types
    const { apply } = handlers[event.type]!;
    const facts = factsOf.get(event);
    const rows = facts === undefined ? [] : (apply.rowsOf?.(facts) ?? []);
    if (!factsOf.has(event) || rows.some((row) => taken.has(row))) {
      outcome.left.push(event);
      continue;
    }
    try {
      const plan = apply.decide(facts, event, now);
      outcome.entries.set(event, []);
      if (plan !== undefined) outcome.plans.set(event, plan);
      for (const row of rows) taken.add(row);
    } catch (error) {
      if (!isShared) throw error;
      outcome.left.push(event);
    }
  }
  return outcome;
}

/**
 * Groups events by handler, in the order of `handlers`. All transactions thus lock rows in the same order.
 */
function byHandler(handlers: Handlers, events: Event[]): [EventHandler, Event[]][] {
  // biome-ignore lint/style/noNonNullAssertion: the inbox passes only events of known types
  const groups = Map.groupBy(events, ({ type }) => handlers[type]!.apply);
  const inOrder = new Set(Object.values(handlers).map(({ apply }) => apply));
  return [...inOrder].flatMap((handler): [EventHandler, Event[]][] => {
    const group = groups.get(handler);
    return group ? [[handler, group]] : [];
  });
}
