import type { AuditedTransactions } from "@medconnect/platform/changes/audited-transactions.ts";
import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { eventMac } from "@medconnect/platform/outbox/event-mac.ts";
import { deleteEvent, lockRefused, type RefusedEvent, sign } from "./not-genuine-store.ts";

/** Actor in the audit trail. */
export const ACTOR = "command:outbox";

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
  decide(transactions, "outbox.vouch", ids, (tx, event) => sign(tx, event.id, eventMac(hash, event), now));

/** Deletes events that were refused for lack of a valid MAC. @returns the ids of the deleted events */
export const discard = (transactions: AuditedTransactions, ids: string[]): Promise<string[]> =>
  decide(transactions, "outbox.discard", ids, (tx, { id }) => deleteEvent(tx, id));

async function decide(
  transactions: AuditedTransactions,
  action: string,
  ids: string[],
  apply: (tx: Transaction, event: RefusedEvent) => void,
): Promise<string[]> {
  let decided: string[] = [];
  await transactions.run(ACTOR, async (tx) => {
    const events = await lockRefused(tx, ids);
    for (const event of events) apply(tx, event);
    decided = events.map(({ id }) => id);
    return decided.map((id) => ({ action, resource: `events/${id}`, subjectIds: [] }));
  });
  return decided;
}
