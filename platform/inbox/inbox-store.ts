import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { binaryId } from "../db/binary-id.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import type { Transaction } from "../db/transaction.ts";

type Versioned = Pick<Event, "aggregateId" | "version">;

const INSERT = "INSERT INTO inbox (aggregate_id, version) VALUES ?";
const LOCK = `INSERT INTO inbox (aggregate_id, version) VALUES ?
  ON DUPLICATE KEY UPDATE version = inbox.version`;
const VERSIONS = "SELECT aggregate_id AS aggregateId, version FROM inbox WHERE aggregate_id IN (?)";
const SAVE = `INSERT INTO inbox (aggregate_id, version) VALUES ? AS new
  ON DUPLICATE KEY UPDATE version = new.version`;
const NOTE = `INSERT INTO inbox (aggregate_id, version) VALUES ? AS new
  ON DUPLICATE KEY UPDATE version = GREATEST(inbox.version, new.version)`;

/** Locks the last applied version of each event's aggregate. An aggregate without one gets version 0. */
export function lockVersions(tx: Transaction, events: Versioned[]): Promise<Versioned[]> {
  tx.defer(LOCK, [events.map((event) => [binaryId(event.aggregateId), 0])]);
  return tx.read(VERSIONS, [events.map((event) => binaryId(event.aggregateId))]);
}

/**
 * Stores the versions of the first events of their aggregates. Fails the transaction if an aggregate has a
 * version already.
 */
export function insertVersions(tx: Transaction, events: Versioned[]): void {
  tx.defer(INSERT, [events.map(rowOf)]);
}

/** Stores the versions of applied events, whose aggregates are locked. */
export function saveVersions(tx: Transaction, events: Versioned[]): void {
  tx.defer(SAVE, [events.map(rowOf)]);
}

/**
 * Records that this transaction has applied a version of an aggregate. That version did not arrive as an
 * event, but for example with a call. Events with older versions that arrive later are then ignored.
 */
export function noteHeard(tx: Transaction, aggregateId: string, version: number): void {
  tx.defer(NOTE, [[[binaryId(aggregateId), version]]]);
}

const rowOf = ({ aggregateId, version }: Versioned): SqlScalar[] => [binaryId(aggregateId), version];
