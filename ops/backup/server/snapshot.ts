import { setTimeout as delay } from "node:timers/promises";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { SetupError } from "../../command/setup-error.ts";
import { connectAdmin } from "../../schemas/admin-connection.ts";
import type { SchemaServers } from "../../schemas/provision.ts";
import type { LogPosition, SchemaFacts } from "../file/format.ts";

/** A connection whose reads show a schema as it was at the moment of the backup. */
export interface Snapshot {
  readonly service: ServiceName;
  readonly connection: Connection;
  readonly facts: SchemaFacts;
}

/** Snapshots of all schemas at one moment. */
export interface Snapshots {
  readonly moment: Date;
  /** Time for which writes waited, in ms. */
  readonly pausedMs: number;
  readonly schemas: readonly Snapshot[];
  close(): Promise<void>;
}

/** Longest wait of a server for its running statements, in s. New writes wait behind it. */
const LOCK_TIMEOUT_S = 3;
const ATTEMPTS = 10;
const PAUSE_MS = 2000;

/**
 * Opens a snapshot of each schema, all at one moment. At that moment, a global read lock on every server holds
 * commits back. So no snapshot has an effect whose cause another one lacks. The locks end once the snapshots have
 * begun, after some ms. Throws SetupError if a server does not get its lock.
 */
export async function openSnapshots({ prefix, urls }: SchemaServers): Promise<Snapshots> {
  const connections: Connection[] = [];
  const close = async () => {
    await Promise.all(connections.map((connection) => connection.end()));
  };
  try {
    for (const service of SERVICES) connections.push(await open(urls[service]));
    const lockedAtMs = await lockAll(connections);
    const moment = new Date();
    const positions = await Promise.all(connections.map(beginSnapshot));
    await unlockAll(connections);
    const pausedMs = performance.now() - lockedAtMs;
    const schemas: Snapshot[] = [];
    for (const [i, service] of SERVICES.entries()) {
      const connection = connections[i] as Connection;
      const name = prefix + service;
      const migrations = await migrationsOf(connection, name);
      schemas.push({ service, connection, facts: { name, position: positions[i] ?? null, migrations } });
    }
    return { moment, pausedMs, schemas, close };
  } catch (error) {
    for (const connection of connections) connection.destroy();
    throw error;
  }
}

async function open(url: string): Promise<Connection> {
  const connection = await connectAdmin(url);
  await connection.query(`SET SESSION lock_wait_timeout = ${LOCK_TIMEOUT_S}`);
  await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  return connection;
}

/** Locks all servers, or none. Retries while statements run that are too long. @returns the time of the start */
async function lockAll(connections: readonly Connection[]): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const beganMs = performance.now();
    const locks = await Promise.allSettled(
      connections.map((connection) => connection.query("FLUSH TABLES WITH READ LOCK")),
    );
    const failure = locks.find((lock) => lock.status === "rejected");
    if (!failure) return beganMs;
    await unlockAll(connections);
    if (failure.reason.code !== "ER_LOCK_WAIT_TIMEOUT") throw failure.reason;
    if (attempt === ATTEMPTS) {
      throw new SetupError(
        `A statement has kept MySQL from pausing writes, ${ATTEMPTS} times for ${LOCK_TIMEOUT_S} s. ` +
          "Look for it by SHOW PROCESSLIST, and try again.",
      );
    }
    await delay(PAUSE_MS);
  }
}

const unlockAll = (connections: readonly Connection[]) =>
  Promise.all(connections.map((connection) => connection.query("UNLOCK TABLES")));

async function beginSnapshot(connection: Connection): Promise<LogPosition | undefined> {
  // Holds migrations back until the connection closes, because a snapshot cannot read a table changed after it.
  // Taken under the read lock, so that no migration is between the two locks.
  await connection.query("LOCK INSTANCE FOR BACKUP");
  await connection.query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  return await positionOf(connection);
}

/** Returns the end of the server's binary log; undefined if it has none. */
async function positionOf(connection: Connection): Promise<LogPosition | undefined> {
  const [[server]] = await connection.query<RowDataPacket[]>("SELECT @@server_uuid AS id");
  const [[status]] = await connection.query<RowDataPacket[]>("SHOW BINARY LOG STATUS");
  if (!server || !status) return undefined;
  const gtids = String(status.Executed_Gtid_Set).replaceAll("\n", "");
  return { server: server.id, file: status.File, offset: Number(status.Position), gtids };
}

async function migrationsOf(connection: Connection, schema: string): Promise<SchemaFacts["migrations"]> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT name, checksum FROM ??.schema_migrations ORDER BY apply_time, name",
      [schema],
    );
    return rows.map(({ name, checksum }) => ({ name, checksum }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ER_NO_SUCH_TABLE" && code !== "ER_BAD_DB_ERROR") throw error;
    throw new SetupError(`The schema ${schema} does not exist: check MYSQL_URL and MYSQL_PREFIX.`);
  }
}
