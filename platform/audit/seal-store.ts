import { type BinaryId, binaryId } from "../db/binary-id.ts";
import type { Database } from "../db/database.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import { type ChainHead, type EventRow, GENESIS, type Seal } from "./audit-chain.ts";

/**
 * Maximum number of events that one statement examines, so that the statement stays fast in a large table.
 */
const EXAMINED = 10_000;
/** Maximum number of unsealed events that one statement returns. */
const RETURNED = 500;
/** Number of seals that are read at once. */
const PAGE = 1000;

/** The earliest and the latest DATETIME, according to the manual of MySQL. */
export const BEGINNING = new Date("1000-01-01T00:00:00Z");
export const END = new Date("9999-12-31T23:59:59.999Z");

/** Position of an event in the order (occur_time, id). */
type Position = readonly [time: Date, id: SqlScalar];

const HEAD = "SELECT seq, hmac FROM audit_seals ORDER BY seq DESC LIMIT 1";
const SEAL_AT = "SELECT seq, hmac FROM audit_seals WHERE seq <= ? ORDER BY seq DESC LIMIT 1";

/**
 * Time of the newest event among the events with the last 100 seals. The event with the very last seal may be
 * older, if it was committed late.
 */
const SEALED_UNTIL = `SELECT MAX(e.occur_time) AS time
  FROM (SELECT event_id FROM audit_seals ORDER BY seq DESC LIMIT 100) s JOIN audit_events e ON e.id = s.event_id`;

const INSERT = "INSERT INTO audit_seals (seq, event_id, key_id, hmac) VALUES ?";

const AFTER = "occur_time BETWEEN ? AND ? AND NOT (occur_time = ? AND id <= ?)";

const SLICE_END = `SELECT occur_time, id FROM audit_events FORCE INDEX (audit_events_time)
  WHERE ${AFTER} ORDER BY occur_time, id LIMIT 1 OFFSET ${EXAMINED - 1}`;

/** Finds unsealed events from indexes alone, so that FIND_UNSEALED reads only the rows of unsealed events. */
const UNSEALED = `
  FROM audit_events FORCE INDEX (audit_events_time) LEFT JOIN audit_seals ON event_id = id
  WHERE ${AFTER} AND NOT (occur_time = ? AND id > ?) AND event_id IS NULL
  ORDER BY occur_time, id LIMIT`;
const FIND_UNSEALED = `SELECT e.* FROM (SELECT id ${UNSEALED} ${RETURNED}) u JOIN audit_events e ON e.id = u.id
  ORDER BY e.occur_time, e.id`;

const BACKLOG = `SELECT COUNT(*) AS events, MIN(occur_time) AS oldest FROM (
    SELECT occur_time FROM audit_events FORCE INDEX (audit_events_time) LEFT JOIN audit_seals ON event_id = id
    WHERE occur_time >= ? AND event_id IS NULL ORDER BY occur_time, id LIMIT ${EXAMINED}
  ) u`;

export async function readHead(db: Database): Promise<ChainHead> {
  const [head] = await db.read<ChainHead>(HEAD);
  return head ?? GENESIS;
}

/** Reads the last seal whose number is at most `seq`; undefined if there is none. */
export async function readSealAt(db: Database, seq: number): Promise<ChainHead | undefined> {
  const [seal] = await db.read<ChainHead>(SEAL_AT, [seq]);
  return seal;
}

/**
 * Reads the time up to which events have a seal, except events that were committed late; undefined if there
 * is no seal.
 */
export async function readSealedUntil(db: Database): Promise<Date | undefined> {
  const [row] = await db.read<{ time: Date | null }>(SEALED_UNTIL);
  return row?.time ?? undefined;
}

/**
 * Inserts seals. Throws a duplicate-key error if another process has already continued the chain or sealed
 * one of the events.
 */
export async function insertSeals(db: Database, seals: readonly Seal[]): Promise<void> {
  await db.write(INSERT, [
    seals.map(({ seq, eventId, keyId, hmac }) => [seq, binaryId(eventId), keyId, hmac]),
  ]);
}

/** Counts unsealed events since a time, up to 10,000, and finds the time of the oldest one. */
export async function countUnsealed(
  db: Database,
  from: Date,
): Promise<{ events: number; oldest: Date | null }> {
  const [row] = await db.read<{ events: number; oldest: Date | null }>(BACKLOG, [from]);
  // biome-ignore lint/style/noNonNullAssertion: a SELECT of aggregates returns one row
  return row!;
}

/** Reads the unsealed events between two times, oldest first, in pages of `RETURNED`. */
export async function* unsealedBetween(db: Database, from: Date, until: Date): AsyncGenerator<EventRow[]> {
  let start: Position = [from, BEFORE_IDS];
  for (;;) {
    const end = await findSliceEnd(db, start, until);
    yield* unsealedIn(db, start, end ?? [until, LAST_ID]);
    if (!end) return;
    start = end;
  }
}

/** BEFORE_IDS sorts before every id. LAST_ID is the highest possible id. */
const BEFORE_IDS = "";
const LAST_ID = binaryId("ffffffff-ffff-ffff-ffff-ffffffffffff");

async function* unsealedIn(db: Database, start: Position, end: Position): AsyncGenerator<EventRow[]> {
  for (let after = start; ; ) {
    const events = await db.read<EventRow>(FIND_UNSEALED, [...afterParams(after, end[0]), ...end]);
    if (events.length > 0) yield events;
    const last = events.at(-1);
    if (!last || events.length < RETURNED) return;
    after = positionOf(last);
  }
}

const PAGE_END = `SELECT id FROM audit_events WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ${EXAMINED}`;
const UNSEALED_FROM = `SELECT e.* FROM audit_events e LEFT JOIN audit_seals s ON s.event_id = e.id
  WHERE e.id >= ? AND s.event_id IS NULL AND e.occur_time < ?`;
const UNSEALED_IN_LAST_PAGE = `${UNSEALED_FROM} ORDER BY e.id`;
const UNSEALED_IN_PAGE = `${UNSEALED_FROM} AND e.id < ? ORDER BY e.id`;

/**
 * Finds unsealed events before a time, in pages by id. Pages by time could skip an event planted by an
 * attacker, because MySQL stores dates that the driver misreads, such as day 0 and years before 100.
 */
export async function* readUnsealed(db: Database, before: Date): AsyncGenerator<EventRow[]> {
  for (let from: SqlScalar = BEFORE_IDS; ; ) {
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

/** Finds the position of the 10,000th event after `start`; undefined if fewer events follow. */
async function findSliceEnd(db: Database, start: Position, until: Date): Promise<Position | undefined> {
  const [row] = await db.read<Pick<EventRow, "id" | "occur_time">>(SLICE_END, afterParams(start, until));
  return row && positionOf(row);
}

const afterParams = ([time, id]: Position, until: Date): SqlScalar[] => [time, until, time, id];

const positionOf = (event: Pick<EventRow, "id" | "occur_time">): Position => [
  event.occur_time,
  binaryId(event.id),
];

export interface SealedEvent {
  seal: Seal;
  /** The sealed event; undefined if it was deleted. */
  event: EventRow | undefined;
}

interface SealedRow {
  sealSeq: number;
  sealEventId: string;
  sealKeyId: string;
  sealHmac: Buffer;
  id: string | null;
}

const SEALED = `SELECT s.seq AS sealSeq, s.event_id AS sealEventId, s.key_id AS sealKeyId, s.hmac AS sealHmac, e.*
  FROM audit_seals s LEFT JOIN audit_events e ON e.id = s.event_id WHERE s.seq > ? ORDER BY s.seq LIMIT ${PAGE}`;

/** Reads all seals with their events, in the order of the chain, in pages. */
export async function* readSealed(db: Database): AsyncGenerator<SealedEvent[]> {
  for (let after = 0; ; ) {
    const rows = await db.read<SealedRow>(SEALED, [after]);
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map(toSealedEvent);
    after = last.sealSeq;
  }
}

function toSealedEvent(row: SealedRow): SealedEvent {
  const { sealSeq: seq, sealEventId: eventId, sealKeyId: keyId, sealHmac: hmac, ...event } = row;
  return {
    seal: { seq, eventId, keyId, hmac },
    event: event.id === null ? undefined : (event as EventRow),
  };
}

const SEALED_AFTER = `SELECT s.seq, e.id, e.occur_time FROM audit_seals s JOIN audit_events e ON e.id = s.event_id
  WHERE s.seq > ? AND e.occur_time < ? ORDER BY s.seq LIMIT 1`;

/**
 * Among the events whose seals have a number above `seq`, finds the first one that occurred before a time.
 * Returns the event with the number of its seal.
 */
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

/** Reads the HMACs of seals, by their number. */
export async function sealsAt(db: Database, seqs: number[]): Promise<Map<number, Buffer>> {
  const seals = await db.transaction((tx) =>
    tx.read<ChainHead>("SELECT seq, hmac FROM audit_seals WHERE seq IN (?)", [seqs]),
  );
  return new Map(seals.map(({ seq, hmac }) => [seq, hmac]));
}
