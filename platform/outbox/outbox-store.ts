import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { limitOf, type Page } from "../api/page-token.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Database } from "../db/database.ts";
import { where } from "../db/filters.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import type { Transaction } from "../db/transaction.ts";
import type { Delivery } from "./event.ts";
import { eventMac, NOT_GENUINE } from "./event-mac.ts";

/**
 * Time in ms for which relays of other processes skip a new event, because the process that has written the
 * event sends it at once.
 */
const FIRST_SEND_MS = 2000;

/** Row of an event for one service. It is deleted after its delivery. */
export interface OutboxRow {
  id: string;
  type: string;
  aggregateId: string;
  destination: string;
  payload: Buffer;
  /** MAC of the row (see event-mac.ts); null in rows that this service did not write. */
  mac: Buffer | null;
  createTime: Date;
  /** Time of the next attempt; of a dead event, the time of the last one. */
  availableTime: Date;
  refusals: number;
  lastError: string | null;
  dead: number;
}

/** Row of an event without its content. */
export type EventFacts = Omit<OutboxRow, "payload" | "mac">;

/** Number and age of undelivered events for one service. Dead events are counted separately. */
export interface Backlog {
  destination: string;
  dead: number;
  waiting: number;
  oldest: Date;
}

const FACTS = `id, type, aggregateid AS aggregateId, destination, create_time AS createTime,
  available_time AS availableTime, refusals, last_error AS lastError, dead`;
const COLUMNS = `${FACTS}, payload, mac`;

/** Inserts a row with a MAC for each delivery. */
export function insertDeliveries(tx: Transaction, deliveries: Delivery[], now: Date, hash: KeyedHash): void {
  if (deliveries.length === 0) return;
  tx.defer(
    `INSERT INTO outbox
       (id, aggregatetype, aggregateid, type, payload, mac, destination, create_time, available_time) VALUES ?`,
    [
      deliveries.map(({ destination, event }): SqlScalar[] => {
        const payload = Buffer.from(Event.encode(event).finish());
        return [
          event.id,
          event.type.split(".", 1)[0] ?? "",
          event.aggregateId,
          event.type,
          payload,
          eventMac(hash, { destination, payload }),
          destination,
          now,
          new Date(now.getTime() + FIRST_SEND_MS),
        ];
      }),
    ],
  );
}

/** Reads the due events of a consumer, and leases them: no other relay reads them until the lease ends. */
export async function leaseDue(
  tx: Transaction,
  destination: string,
  now: Date,
  leaseEnd: Date,
  limit: number,
): Promise<OutboxRow[]> {
  const due = await tx.read<OutboxRow>(
    `SELECT ${COLUMNS} FROM outbox WHERE destination = ? AND dead = FALSE AND available_time <= ?
     ORDER BY available_time LIMIT ? FOR UPDATE SKIP LOCKED`,
    [destination, now, limit],
  );
  if (due.length > 0) {
    postpone(
      tx,
      due.map((row) => row.id),
      leaseEnd,
      null,
    );
  }
  return due;
}

export async function deleteDelivered(db: Database, ids: string[]): Promise<void> {
  await db.transaction(async (tx) => tx.defer("DELETE FROM outbox WHERE id IN (?)", [ids]));
}

/**
 * Sets the time of the next attempt without counting a refusal: for a lease, or after a failure that the
 * events have not caused.
 */
export function postpone(
  tx: Transaction,
  ids: string[],
  availableTime: Date,
  lastError: string | null,
): void {
  tx.defer("UPDATE outbox SET available_time = ?, last_error = COALESCE(?, last_error) WHERE id IN (?)", [
    availableTime,
    lastError,
    ids,
  ]);
}

/**
 * Counts a refusal of an event by its consumer. Sets the time of the next attempt. If `isDead`, marks the
 * event as dead, so that it is not sent again.
 */
export function recordRefusal(
  tx: Transaction,
  id: string,
  refusal: { reason: string; availableTime: Date; isDead: boolean },
): void {
  tx.defer(
    "UPDATE outbox SET refusals = refusals + 1, available_time = ?, last_error = ?, dead = ? WHERE id = ?",
    [refusal.availableTime, refusal.reason.slice(0, 64), refusal.isDead, id],
  );
}

export async function countBacklog(db: Database): Promise<Backlog[]> {
  return await db.read(
    `SELECT destination, dead, COUNT(*) AS waiting, MIN(create_time) AS oldest
     FROM outbox GROUP BY destination, dead`,
  );
}

/** Lists undelivered events, oldest first. */
export async function listUndelivered(db: Database, onlyDead: boolean, limit: number): Promise<EventFacts[]> {
  const { sql, params } = where(["dead = ?", onlyDead ? true : undefined]);
  return await db.read(`SELECT ${FACTS} FROM outbox ${sql} ORDER BY create_time, id LIMIT ?`, [
    ...params,
    limit,
  ]);
}

/**
 * Lists a page of dead events, latest failure first. Reads the end of the range of each destination in the key
 * `outbox_due`, so waiting events cost nothing.
 */
export async function listDead(db: Database, page: Page): Promise<EventFacts[]> {
  const destinations = await db.read<{ name: string }>("SELECT DISTINCT destination AS name FROM outbox");
  if (destinations.length === 0) return [];
  const [time, id] = page.after ?? [];
  const ranges = destinations.map(({ name }) =>
    where(
      ["destination = ?", name],
      ["dead = ?", true],
      ["available_time <= ? AND (available_time < ? OR id < ?)", time, time, id],
    ),
  );
  const selects = ranges.map(
    ({ sql }) => `(SELECT ${FACTS} FROM outbox ${sql} ORDER BY available_time DESC, id DESC LIMIT ?)`,
  );
  return await db.read(`${selects.join(" UNION ALL ")} ORDER BY availableTime DESC, id DESC LIMIT ?`, [
    ...ranges.flatMap(({ params }) => [...params, limitOf(page)]),
    limitOf(page),
  ]);
}

/** Ids of the dead events that may be sent again, found without locks. */
export async function findReplayable(db: Database): Promise<string[]> {
  const rows = await db.transaction((tx) =>
    tx.read<{ id: string }>(
      "SELECT id FROM outbox WHERE dead = TRUE AND COALESCE(last_error, '') NOT IN (?)",
      [[...NOT_GENUINE]],
    ),
  );
  return rows.map(({ id }) => id);
}

/**
 * Locks those of the given events that are not delivered yet. FORCE INDEX keeps MySQL from a scan of the
 * table, which would wait for the locks on other events.
 */
export async function lockEvents(
  tx: Transaction,
  ids: string[],
): Promise<Pick<EventFacts, "id" | "dead" | "lastError">[]> {
  return await tx.read(
    `SELECT id, dead, last_error AS lastError FROM outbox FORCE INDEX (PRIMARY)
     WHERE id IN (?) ORDER BY id FOR UPDATE`,
    [ids],
  );
}

/** Makes locked dead events due again. */
export function revive(tx: Transaction, ids: string[], now: Date): void {
  if (ids.length === 0) return;
  tx.defer("UPDATE outbox SET dead = FALSE, refusals = 0, available_time = ? WHERE id IN (?)", [now, ids]);
}

/**
 * State of the undelivered events of an aggregate: WAITING if some are still retried, DEAD if all are dead.
 */
export type Undelivered = "WAITING" | "DEAD";

/**
 * Finds the state of the undelivered events, by aggregate id. Aggregates without undelivered events are not
 * in the result. Call this after reading the aggregates. If an aggregate is not in the result, all consumers
 * have applied the changes that were read.
 */
export async function findUndelivered(
  tx: Transaction,
  aggregateIds: string[],
): Promise<Map<string, Undelivered>> {
  const rows = await tx.read<{ id: string; isOnlyDead: number }>(
    "SELECT aggregateid AS id, MIN(dead) AS isOnlyDead FROM outbox WHERE aggregateid IN (?) GROUP BY aggregateid",
    [aggregateIds],
  );
  return new Map(rows.map(({ id, isOnlyDead }) => [id, isOnlyDead ? "DEAD" : "WAITING"]));
}
