import type { AuditedTransactions } from "@medconnect/platform/changes/audited-transactions.ts";
import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { eventMac, NOT_GENUINE } from "@medconnect/platform/outbox/event-mac.ts";
import type { OutboxRow } from "@medconnect/platform/outbox/outbox-store.ts";

type Row = Pick<OutboxRow, "id" | "destination" | "payload">;

const ACTOR = "command:outbox";

const LOCK = `SELECT id, destination, payload FROM outbox
  WHERE id IN (?) AND dead = TRUE AND last_error IN (?) ORDER BY id FOR UPDATE`;
const SIGN = `UPDATE outbox SET mac = ?, dead = FALSE, refusals = 0, last_error = NULL, available_time = ?
  WHERE id = ?`;
const DELETE = "DELETE FROM outbox WHERE id = ?";

/**
 * Approves events that were refused for lack of a valid MAC, after an operator has vouched for them. Adds the
 * MACs, so that the relay sends the events. @returns the ids of the approved events
 */
export const vouchFor = (
  transactions: AuditedTransactions,
  hash: KeyedHash,
  ids: string[],
  now: Date,
): Promise<string[]> =>
  decide(transactions, "outbox.vouch", ids, (tx, row) => tx.defer(SIGN, [eventMac(hash, row), now, row.id]));

/** Deletes events that were refused for lack of a valid MAC. @returns the ids of the deleted events */
export const discard = (transactions: AuditedTransactions, ids: string[]): Promise<string[]> =>
  decide(transactions, "outbox.discard", ids, (tx, { id }) => tx.defer(DELETE, [id]));

async function decide(
  transactions: AuditedTransactions,
  action: string,
  ids: string[],
  apply: (tx: Transaction, row: Row) => void,
): Promise<string[]> {
  let decided: string[] = [];
  await transactions.run(ACTOR, async (tx) => {
    const rows = await tx.read<Row>(LOCK, [ids, [...NOT_GENUINE]]);
    for (const row of rows) apply(tx, row);
    decided = rows.map(({ id }) => id);
    return decided.map((id) => ({ action, resource: `events/${id}`, subjectIds: [] }));
  });
  return decided;
}
