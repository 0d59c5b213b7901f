import { endAllLogins } from "@medconnect/auth/src/restores/end-all-logins.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import {
  deleteUnconfirmedRestores,
  findUnconfirmedRestore,
  insertUnconfirmedRestore,
  type UnconfirmedRestore,
} from "@medconnect/platform/restores/restore-store.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { commandTransactions } from "../command/command-transactions.ts";
import { SetupError } from "../command/setup-error.ts";
import type { SchemaServers } from "../schemas/provision.ts";

/** Actor in the audit trail. */
const ACTOR = "command:restore";
/** The sessions of all users end in one statement. */
const TIMEOUT_MS = 600_000;

/**
 * Marks all schemas as restored: their services send nothing outside until `confirmRestore`. Ends all sessions.
 *
 * @param backupId id of the backup, for the audit trail
 * @param moment the data is as it was then
 */
export async function markRestored(servers: SchemaServers, backupId: string, moment: Date): Promise<void> {
  const id = newId();
  const createTime = new Date();
  for (const service of SERVICES) {
    await withSchema(servers, service, (db) =>
      commandTransactions(db).run(ACTOR, async (tx) => {
        // Billing asks its provider first.
        const readyTime = service === "billing" ? null : createTime;
        insertUnconfirmedRestore(tx, { id, moment, createTime, readyTime });
        if (service === "auth") endAllLogins(tx, createTime);
        return [{ action: "system.restore", resource: `backups/${backupId}`, subjectIds: [] }];
      }),
    );
  }
}

/** The unconfirmed restore of each service that has one. */
export async function unconfirmedRestores(
  servers: SchemaServers,
): Promise<Map<ServiceName, UnconfirmedRestore>> {
  const found = new Map<ServiceName, UnconfirmedRestore>();
  for (const service of SERVICES) {
    const restore = await withSchema(servers, service, findUnconfirmedRestore);
    if (restore) found.set(service, restore);
  }
  return found;
}

/**
 * Lets the services send again, within a second. Throws SetupError before billing has asked its provider about all open
 * payments.
 *
 * @returns the services whose restore is confirmed
 */
export async function confirmRestore(servers: SchemaServers): Promise<ServiceName[]> {
  const restores = await unconfirmedRestores(servers);
  const unready = [...restores].find(([, { readyTime }]) => readyTime === null)?.[0];
  if (unready) {
    throw new SetupError(
      `${unready} has not asked the payment provider about all open payments yet. Start it, and look at its log.`,
    );
  }
  for (const [service, { id }] of restores) {
    await withSchema(servers, service, (db) =>
      commandTransactions(db).run(ACTOR, async (tx) => {
        deleteUnconfirmedRestores(tx);
        return [{ action: "system.confirm_restore", resource: `restores/${id}`, subjectIds: [] }];
      }),
    );
  }
  return [...restores.keys()];
}

async function withSchema<T>(
  { prefix, urls }: SchemaServers,
  service: ServiceName,
  work: (db: Database) => Promise<T>,
): Promise<T> {
  const url = new URL(urls[service]);
  url.pathname = `/${prefix}${service}`;
  const db = new Database({ url: url.href, poolSize: 1, timeoutMs: TIMEOUT_MS });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}
