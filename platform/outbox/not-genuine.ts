import { auditRows, INSERT_AUDIT_EVENTS } from "../audit/audit-store.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Database } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";
import { newId } from "../ids/ids.ts";
import { eventMac, NOT_GENUINE } from "./event-mac.ts";
import type { OutboxRow } from "./outbox-store.ts";

type Row = Pick<OutboxRow, "id" | "destination" | "payload">;

const LOCK = `SELECT id, destination, payload FROM outbox
  WHERE id IN (?) AND dead = TRUE AND last_error IN (?) ORDER BY id FOR UPDATE`;
const SIGN = `UPDATE outbox SET mac = ?, dead = FALSE, refusals = 0, last_error = NULL, available_time = ?
  WHERE id = ?`;
const DELETE = "DELETE FROM outbox WHERE id = ?";

/**
 * Approves events that were refused for lack of a valid MAC, after an operator has vouched for them. Adds the
 * MACs, so that the relay sends the events. @returns the ids of the approved events
 */
export const vouchFor = (db: Database, hash: KeyedHash, ids: string[], now: Date): Promise<string[]> =>
  decide(db, "outbox.vouch", ids, now, (tx, row) => tx.defer(SIGN, [eventMac(hash, row), now, row.id]));

/** Deletes events that were refused for lack of a valid MAC. @returns the ids of the deleted events */
export const discard = (db: Database, ids: string[], now: Date): Promise<string[]> =>
  decide(db, "outbox.discard", ids, now, (tx, { id }) => tx.defer(DELETE, [id]));

async function decide(
  db: Database,
  action: string,
  ids: string[],
  now: Date,
  apply: (tx: Transaction, row: Row) => void,
): Promise<string[]> {
  return await db.transaction(async (tx) => {
    const rows = await tx.read<Row>(LOCK, [ids, [...NOT_GENUINE]]);
    if (rows.length === 0) return [];
    for (const row of rows) apply(tx, row);
    tx.defer(INSERT_AUDIT_EVENTS, [auditRows(rows.map(({ id }) => lineOf(action, id, now)))]);
    return rows.map(({ id }) => id);
  });
}

const lineOf = (action: string, eventId: string, now: Date) => ({
  id: newId(),
  action,
  actorId: "command:outbox",
  subjectIds: [],
  resource: `events/${eventId}`,
  outcome: "SUCCESS" as const,
  requestId: "",
  traceId: "",
  occurTime: now,
});
