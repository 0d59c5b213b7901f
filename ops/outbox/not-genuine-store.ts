import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { NOT_GENUINE } from "@medconnect/platform/outbox/event-mac.ts";
import type { OutboxRow } from "@medconnect/platform/outbox/outbox-store.ts";

/** An event that was refused for lack of a valid MAC. */
export type RefusedEvent = Pick<OutboxRow, "id" | "destination" | "payload">;

const LOCK = `SELECT id, destination, payload FROM outbox
  WHERE id IN (?) AND dead = TRUE AND last_error IN (?) ORDER BY id FOR UPDATE`;
const SIGN = `UPDATE outbox SET mac = ?, dead = FALSE, refusals = 0, last_error = NULL, available_time = ?
  WHERE id = ?`;
const DELETE = "DELETE FROM outbox WHERE id = ?";

/** Locks those of the given events that were refused for lack of a valid MAC. */
export const lockRefused = (tx: Transaction, ids: string[]): Promise<RefusedEvent[]> =>
  tx.read<RefusedEvent>(LOCK, [ids, [...NOT_GENUINE]]);

/** Adds the MAC of an event, so that the relay sends the event. */
export function sign(tx: Transaction, id: string, mac: Buffer, now: Date): void {
  tx.defer(SIGN, [mac, now, id]);
}

export function deleteEvent(tx: Transaction, id: string): void {
  tx.defer(DELETE, [id]);
}
