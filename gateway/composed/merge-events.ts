import type { AuditEvent } from "@medconnect/proto/medconnect/audit/v1/audit.ts";

/**
 * Position of an event in the merged list of all services. The newest event is first; within a millisecond,
 * the highest id is first.
 */
export interface Position {
  readonly timeMs: number;
  readonly id: string;
}

export const positionOf = (event: AuditEvent): Position => ({
  timeMs: event.occurTime?.getTime() ?? 0,
  id: event.id,
});

/** Compares two positions for sorting. Negative if `a` precedes `b`. */
export function compare(a: Position, b: Position): number {
  if (a.timeMs !== b.timeMs) return b.timeMs - a.timeMs;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/** Reads one page of the events of one service, in the order of `compare`. */
export type Lister = (pageToken: string) => Promise<{ auditEvents: AuditEvent[]; nextPageToken: string }>;

/**
 * Merges the events of all services into one list. Reads the first page of each service concurrently, and
 * further pages only when the merge needs them.
 */
export async function* mergeNewestFirst(listers: Lister[]): AsyncGenerator<AuditEvent, void> {
  const sources = await Promise.all(
    listers.map(eventsOf).map(async (events): Promise<Source> => ({ events, head: await nextOf(events) })),
  );
  for (;;) {
    const newest = sources.reduce<Source | undefined>(newer, undefined);
    if (!newest?.head) return;
    yield newest.head;
    newest.head = await nextOf(newest.events);
  }
}

/** Events of one service, and the first one that is not merged yet; undefined after the last one. */
interface Source {
  readonly events: AsyncGenerator<AuditEvent, void>;
  head: AuditEvent | undefined;
}

const nextOf = async (events: Source["events"]): Promise<AuditEvent | undefined> =>
  (await events.next()).value ?? undefined;

function newer(a: Source | undefined, b: Source): Source | undefined {
  if (!b.head) return a;
  return a?.head && compare(positionOf(a.head), positionOf(b.head)) <= 0 ? a : b;
}

async function* eventsOf(list: Lister): AsyncGenerator<AuditEvent, void> {
  let pageToken = "";
  do {
    const page = await list(pageToken);
    yield* page.auditEvents;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/** Takes the first `size` events after a position. `hasMore` is true if further events follow. */
export async function pageAfter(
  events: AsyncIterable<AuditEvent>,
  after: Position | undefined,
  size: number,
): Promise<{ page: AuditEvent[]; hasMore: boolean }> {
  const page: AuditEvent[] = [];
  for await (const event of events) {
    if (after && compare(positionOf(event), after) <= 0) continue;
    if (page.length === size) return { page, hasMore: true };
    page.push(event);
  }
  return { page, hasMore: false };
}
