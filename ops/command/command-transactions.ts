import { AuditedTransactions, type Outbox } from "@medconnect/platform/changes/audited-transactions.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { systemClock } from "@medconnect/platform/time/clock.ts";

/** Sends no events. The running processes send the events that a command adds to the outbox, within seconds. */
const SILENT_RELAY = { send: async () => {} };

/**
 * Makes the transactions in which a command changes the data of a service.
 *
 * @param outbox absent in a command that publishes no events
 */
export const commandTransactions = (
  db: Database,
  outbox?: Pick<Outbox, "hash" | "routes">,
): AuditedTransactions =>
  new AuditedTransactions({
    db,
    clock: systemClock,
    ...(outbox && { outbox: { ...outbox, relay: SILENT_RELAY } }),
  });
