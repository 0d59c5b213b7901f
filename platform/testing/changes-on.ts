import { AuditedTransactions } from "../changes/audited-transactions.ts";
import { Idempotency } from "../changes/idempotency.ts";
import { IdempotentCalls } from "../changes/idempotent-calls.ts";
import type { Database } from "../db/database.ts";
import type { EventRoutes } from "../outbox/event.ts";
import type { Relay } from "../outbox/relay.ts";
import type { Platform } from "../service/service.ts";

interface Parts {
  /** Database for the transactions; by default, the database of the service. */
  db?: Database;
  /** Relay that gets the events after the commit. By default, events stay in the outbox. */
  relay?: Pick<Relay, "send">;
  routes?: EventRoutes;
}

/**
 * Makes the objects for changes in a service (`transactions`, `calls`), with a different database or relay
 * than the service has.
 */
export function changesOn(
  service: Pick<Platform, "db" | "clock" | "businessClock" | "cipher" | "hash">,
  { db = service.db, relay = { send: async () => {} }, routes = {} }: Parts,
): Pick<Platform, "transactions" | "calls"> {
  const { clock, businessClock, cipher, hash } = service;
  const transactions = new AuditedTransactions({ db, clock, outbox: { relay, hash, routes } });
  const idempotency = new Idempotency(service.db, cipher, hash);
  return { transactions, calls: new IdempotentCalls({ transactions, idempotency, clock, businessClock }) };
}
