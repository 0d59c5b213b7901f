import { type BinaryId, binaryId } from "../db/binary-id.ts";
import type { Database } from "../db/database.ts";
import type { SqlValue } from "../db/sql-value.ts";
import { type ChainHead, type EventRow, GENESIS, type Seal } from "./audit-chain.ts";

/** How many events one statement looks at, and how many it gives at most: so all are short, however large the table. */
const LOOKED_AT = 10_000;
const GIVEN = 500;
const READ = 1000;

/** The first and last DATETIME that MySQL documents. */
export const BEGINNING = new Date("1000-01-01T00:00:00Z");
export const END = new Date("9999-12-31T23:59:59.999Z");

/** A place in the order of events: (occur_time, id). */
type Place = readonly [time: Date, id: SqlValue];

const HEAD = "SELECT seq, hmac FROM audit_seals ORDER BY seq DESC LIMIT 1";
const SEAL_AT = "SELECT seq, hmac FROM audit_seals WHERE seq <= ? ORDER BY seq DESC LIMIT 1";

/** The newest of what was sealed last. Not the last: that may be one that came late. */
const SEALED_UNTIL = `SELECT MAX(e.occur_time) AS time
  FROM (SELECT event_id FROM audit_seals ORDER BY seq DESC LIMIT 100) s JOIN audit_events e ON e.id = s.event_id`;

const INSERT = "INSERT INTO audit_seals (seq, event_id, key_id, hmac) VALUES ?";

const AFTER = "occur_time BETWEEN ? AND ? AND NOT (occur_time = ? AND id <= ?)";

const SLICE_END = `SELECT occur_time, id FROM audit_events FORCE INDEX (audit_events_time)
  WHERE ${AFTER} ORDER BY occur_time, id LIMIT 1 OFFSET ${LOOKED_AT - 1}`;

/** The index alone tells which; only of those that it finds the rows are read. */
const UNSEALED = `
  FROM audit_events FORCE INDEX (audit_events_time) LEFT JOIN audit_seals ON event_id = id
  WHERE ${AFTER} AND NOT (occur_time = ? AND id > ?) AND event_id IS NULL
  ORDER BY occur_time, id LIMIT`;
const FIND_UNSEALED = `SELECT e.* FROM (SELECT id ${UNSEALED} ${GIVEN}) u JOIN audit_events e ON e.id = u.id
  ORDER BY e.occur_time, e.id`;

const BACKLOG = `SELECT COUNT(*) AS events, MIN(occur_time) AS oldest FROM (
    SELECT occur_time FROM audit_events FORCE INDEX (audit_events_time) LEFT JOIN audit_seals ON event_id = id
    WHERE occur_time >= ? AND event_id IS NULL ORDER BY occur_time, id LIMIT ${LOOKED_AT}
  ) u`;

export async function readHead(db: Database): Promise<ChainHead> {
  const [head] = await db.read<ChainHead>(HEAD);
  return head ?? GENESIS;
}

/** The last seal up to a number. */
export async function readSealAt(db: Database, seq: number): Promise<ChainHead | undefined> {
  const [seal] = await db.read<ChainHead>(SEAL_AT, [seq]);
  return seal;
}

/** Up to when events are sealed, but for those that were committed late; undefined where none is. */
export async function readSealedUntil(db: Database): Promise<Date | undefined> {
  const [row] = await db.read<{ time: Date | null }>(SEALED_UNTIL);
  return row?.time ?? undefined;
}

/** Throws a duplicate key where another sealer has continued the chain, or sealed one of the events. */
export async function insertSeals(db: Database, seals: readonly Seal[]): Promise<void> {
  await db.write(INSERT, [
    seals.map(({ seq, eventId, keyId, hmac }) => [seq, binaryId(eventId), keyId, hmac]),
  ]);
}

/** How many events from a time on have no seal, 10,000 at most, and when the oldest of them happened. */
export async function countUnsealed(
  db: Database,
  from: Date,
): Promise<{ events: number; oldest: Date | null }> {
  const [row] = await db.read<{ events: number; oldest: Date | null }>(BACKLOG, [from]);
  return row!;
}

/** The events between two times that have no seal, oldest first, a few hundred at a time. */
export async function* unsealedBetween(db: Database, from: Date, until: Date): AsyncGenerator<EventRow[]> {
  let start: Place = [from, BEFORE_IDS];
  for (;;) {
    const end = await findSliceEnd(db, start, until);
    yield* unsealedIn(db, start, end ?? [until, LAST_ID]);
    if (!end) return;
    start = end;
  }
}

/** Before every id that MySQL stores, and the last one. */
const BEFORE_IDS = "";
const LAST_ID = binaryId("ffffffff-ffff-ffff-ffff-ffffffffffff");

async function* unsealedIn(db: Database, start: Place, end: Place): AsyncGenerator<EventRow[]> {
  for (let after = start; ; ) {
    const events = await db.read<EventRow>(FIND_UNSEALED, [...afterParams(after, end[0]), ...end]);
    if (events.length > 0) yield events;
    if (events.length < GIVEN) return;
    after = placeOf(events.at(-1)!);
  }
}

const PAGE_END = `SELECT id FROM audit_events WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ${LOOKED_AT}`;
const UNSEALED_FROM = `SELECT e.* FROM audit_events e LEFT JOIN audit_seals s ON s.event_id = e.id
  WHERE e.id >= ? AND s.event_id IS NULL AND e.occur_time < ?`;
const UNSEALED_IN_LAST_PAGE = `${UNSEALED_FROM} ORDER BY e.id`;
const UNSEALED_IN_PAGE = `${UNSEALED_FROM} AND e.id < ? ORDER BY e.id`;

/**
 * All events from before a time that have no seal, a page at a time. Goes by id: MySQL stores dates that the driver misreads,
 * such as day 0 and years before 100, so paging by time could skip a planted event.
 */
export async function* readUnsealed(db: Database, before: Date): AsyncGenerator<EventRow[]> {
  for (let from: SqlValue = BEFORE_IDS; ; ) {
    const [next] = await db.read<Pick<EventRow, "id">>(PAGE_END, [from]);
    if (!next) {
      yield await db.read<EventRow>(UNSEALED_IN_LAST_PAGE, [from, before]);
      return;
    }
    const end: BinaryId = binaryId(next.id);
    yield await db.read<EventRow>(UNSEALED_IN_PAGE, [from, before, end]);
    from = end;
  }
}

/** Where the next 10,000 events end; undefined where there are fewer. */
async function findSliceEnd(db: Database, start: Place, until: Date): Promise<Place | undefined> {
  const [row] = await db.read<Pick<EventRow, "id" | "occur_time">>(SLICE_END, afterParams(start, until));
  return row && placeOf(row);
}

const afterParams = ([time, id]: Place, until: Date): SqlValue[] => [time, until, time, id];

const placeOf = (event: Pick<EventRow, "id" | "occur_time">): Place => [event.occur_time, binaryId(event.id)];

export interface SealedEvent {
  seal: Seal;
  /** Absent where it is gone. */
  event: EventRow | undefined;
}

interface SealedRow {
  seal_seq: number;
  seal_event_id: string;
  seal_key_id: string;
  seal_hmac: Buffer;
  id: string | null;
}

const SEALED = `SELECT s.seq AS seal_seq, s.event_id AS seal_event_id, s.key_id AS seal_key_id, s.hmac AS seal_hmac, e.*
  FROM audit_seals s LEFT JOIN audit_events e ON e.id = s.event_id WHERE s.seq > ? ORDER BY s.seq LIMIT ${READ}`;

/** All seals with their events, in the order of the chain, a page at a time. */
export async function* readSealed(db: Database): AsyncGenerator<SealedEvent[]> {
  for (let after = 0; ; ) {
    const rows = await db.read<SealedRow>(SEALED, [after]);
    if (rows.length === 0) return;
    yield rows.map(toSealedEvent);
    after = rows.at(-1)!.seal_seq;
  }
}

function toSealedEvent(row: SealedRow): SealedEvent {
  const { seal_seq: seq, seal_event_id: eventId, seal_key_id: keyId, seal_hmac: hmac, ...event } = row;
  return {
    seal: { seq, eventId, keyId, hmac },
    event: event.id === null ? undefined : (event as EventRow),
  };
}

export interface Checkpoint extends ChainHead {
  create_time: Date;
}

/** A seq may have been told with several HMACs, so a page begins where the one before ended in both. */
const CHECKPOINTS = `SELECT seq, hmac, create_time FROM audit_checkpoints
  WHERE service = ? AND seq >= ? AND NOT (seq = ? AND hmac <= ?) ORDER BY seq, hmac LIMIT ${READ}`;

/** All checkpoints of a service, a page at a time. */
export async function* readCheckpoints(db: Database, service: string): AsyncGenerator<Checkpoint[]> {
  for (let after: ChainHead = GENESIS; ; ) {
    const page = await db.read<Checkpoint>(CHECKPOINTS, [service, after.seq, after.seq, after.hmac]);
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)!;
  }
}

const FARTHEST_CHECKPOINT_UNTIL = `SELECT seq, hmac, create_time FROM audit_checkpoints
  WHERE service = ? AND create_time <= ? ORDER BY seq DESC LIMIT 1`;
const NEAREST_CHECKPOINT = `SELECT seq, hmac, create_time FROM audit_checkpoints
  WHERE service = ? ORDER BY seq LIMIT 1`;

/**
 * The farthest checkpoint of a service until a time; without one, the nearest later checkpoint. Undefined if the service
 * has none.
 */
export async function readCheckpointBefore(
  db: Database,
  service: string,
  time: Date,
): Promise<Checkpoint | undefined> {
  const [farthest] = await db.read<Checkpoint>(FARTHEST_CHECKPOINT_UNTIL, [service, time]);
  if (farthest) return farthest;
  const [nearest] = await db.read<Checkpoint>(NEAREST_CHECKPOINT, [service]);
  return nearest;
}

const FARTHEST_CHECKPOINT = `SELECT seq, hmac, create_time FROM audit_checkpoints
  WHERE service = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`;

/** The checkpoint of a service that covers the most of its chain up to a seal; undefined if there is none. */
export async function readFarthestCheckpoint(
  db: Database,
  service: string,
  seq: number,
): Promise<Checkpoint | undefined> {
  const [farthest] = await db.read<Checkpoint>(FARTHEST_CHECKPOINT, [service, seq]);
  return farthest;
}

const SEALED_AFTER = `SELECT s.seq, e.id, e.occur_time FROM audit_seals s JOIN audit_events e ON e.id = s.event_id
  WHERE s.seq > ? AND e.occur_time < ? ORDER BY s.seq LIMIT 1`;

/** The first event from before a time that was sealed behind a seal, with the number of its own. */
export async function readSealedAfter(
  db: Database,
  seq: number,
  before: Date,
): Promise<(Pick<EventRow, "id" | "occur_time"> & { seq: number }) | undefined> {
  const [next] = await db.read<Pick<EventRow, "id" | "occur_time"> & { seq: number }>(SEALED_AFTER, [
    seq,
    before,
  ]);
  return next;
}

/** The HMACs of the seals with these numbers. */
export async function sealsAt(db: Database, seqs: number[]): Promise<Map<number, Buffer>> {
  const seals = await db.transaction((tx) =>
    tx.read<ChainHead>("SELECT seq, hmac FROM audit_seals WHERE seq IN (?)", [seqs]),
  );
  return new Map(seals.map(({ seq, hmac }) => [seq, hmac]));
}
