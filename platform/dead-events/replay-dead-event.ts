import type {
  ReplayDeadEventRequest,
  ReplayDeadEventResponse,
} from "@medconnect/proto/medconnect/operations/v1/outbox_service.ts";
import type { AuditEntry } from "../changes/audit-entry.ts";
import type { AuditedTransactions } from "../changes/audited-transactions.ts";
import { changed, unchanged } from "../changes/effect.ts";
import type { IdempotentCalls } from "../changes/idempotent-calls.ts";
import type { Database } from "../db/database.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import { isReplayable } from "../outbox/event-mac.ts";
import { findReplayable, lockEvents, revive } from "../outbox/outbox-store.ts";
import type { Clock } from "../time/clock.ts";

const REPLAYED_AT_ONCE = 1000;

interface App {
  readonly service: string;
  readonly calls: IdempotentCalls;
  readonly clock: Clock;
}

/** OutboxService.ReplayDeadEvent of one service. Throws NOT_FOUND, EVENT_NOT_GENUINE. */
export async function replayDeadEvent(
  { service, calls, clock }: App,
  request: ReplayDeadEventRequest,
  call: Call,
): Promise<ReplayDeadEventResponse> {
  if (request.service !== service) throw new ApiError("NOT_FOUND");
  return await calls.apply(call, async (tx) => {
    const [event] = await lockEvents(tx, [request.eventId]);
    if (!event) throw new ApiError("NOT_FOUND");
    if (!event.dead) return unchanged({});
    if (!isReplayable(event)) throw new ApiError("EVENT_NOT_GENUINE");
    revive(tx, [event.id], clock.now());
    return changed({}, entryOf(event.id));
  });
}

/**
 * Makes dead events due again for an operator, a thousand per transaction. Skips events that are not dead, and
 * events that are not genuine.
 *
 * @param named ids of the events; default: all dead events
 * @returns the ids of the events that are due again
 */
export async function replayDeadEvents(
  { db, transactions }: { db: Database; transactions: AuditedTransactions },
  actorId: string,
  now: Date,
  named?: string[],
): Promise<string[]> {
  const ids = named ?? (await findReplayable(db));
  const replayed: string[] = [];
  for (let from = 0; from < ids.length; from += REPLAYED_AT_ONCE) {
    await transactions.run(actorId, async (tx) => {
      const events = await lockEvents(tx, ids.slice(from, from + REPLAYED_AT_ONCE));
      const dead = events.filter((event) => event.dead && isReplayable(event)).map(({ id }) => id);
      revive(tx, dead, now);
      tx.afterCommit(() => replayed.push(...dead));
      return dead.map((id) => ({ ...entryOf(id), action: "dead_event.replay" }));
    });
  }
  return replayed;
}

const entryOf = (id: string): AuditEntry => ({ resource: `events/${id}`, subjectIds: [] });
