import { setTimeout as delay } from "node:timers/promises";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { SetupError } from "../../command/setup-error.ts";
import { connectAdmin } from "../../schemas/admin-connection.ts";
import { refuseUnfinishedRestore, type SchemaServers } from "../../schemas/provision.ts";
import type { LogPosition, SchemaFacts } from "../file/format.ts";

/** A connection whose reads show a schema as it was at the moment of the backup. */
export interface Snapshot {
  readonly service: ServiceName;
  readonly connection: Connection;
  readonly facts: SchemaFacts;
}

/** Snapshots of all schemas at one moment. */
export interface Snapshots {
  /** Time of the servers' clocks, as in their logs. */
  readonly moment: Date;
  /** Difference between the servers' clocks, in ms. */
  readonly clockSpreadMs: number;
  /** Time for which writes waited, in ms. */
  readonly pausedMs: number;
  readonly schemas: readonly Snapshot[];
  close(): Promise<void>;
}

/** Longest wait of a server for its running statements, in s. New writes wait behind it. */
const LOCK_TIMEOUT_S = 3;
/** The locks wait for each other and for statements, so MySQL may break a circle of them by an error. */
const BUSY = new Set<string | undefined>(["ER_LOCK_WAIT_TIMEOUT", "ER_LOCK_DEADLOCK"]);
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
    const { clocks, positions, pausedMs } = await beginAtOneMoment(connections);
    const schemas: Snapshot[] = [];
    for (const [i, service] of SERVICES.entries()) {
      const connection = connections[i] as Connection;
      const name = prefix + service;
      await refuseUnfinishedRestore(connection, name);
      const migrations = await migrationsOf(connection, name);
      schemas.push({ service, connection, facts: { name, position: positions[i] ?? null, migrations } });
    }
    const latestMs = Math.max(...clocks);
    const clockSpreadMs = latestMs - Math.min(...clocks);
    return { moment: new Date(latestMs), clockSpreadMs, pausedMs, schemas, close };
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

interface Beginning {
  /** Time of each connection's server, in ms. */
  readonly clocks: readonly number[];
  /** End of each connection's log. */
  readonly positions: readonly (LogPosition | undefined)[];
  readonly pausedMs: number;
}

/** Begins all snapshots under the locks of all servers, or none. Retries while statements run that are too long. */
async function beginAtOneMoment(connections: readonly Connection[]): Promise<Beginning> {
  for (let attempt = 1; ; attempt++) {
    const beganMs = performance.now();
    try {
      await Promise.all(connections.map((connection) => connection.query("FLUSH TABLES WITH READ LOCK")));
      const clocks = await Promise.all(connections.map(clockOf));
      const positions = await Promise.all(connections.map(beginSnapshot));
      await Promise.all(connections.map((connection) => connection.query("UNLOCK TABLES")));
      return { clocks, positions, pausedMs: performance.now() - beganMs };
    } catch (error) {
      await Promise.allSettled(connections.map(release));
      if (!BUSY.has((error as { code?: string }).code)) throw error;
      if (attempt === ATTEMPTS) {
        throw new SetupError(
          `A statement has kept MySQL from pausing writes, ${ATTEMPTS} times for ${LOCK_TIMEOUT_S} s. ` +
            "Look for it by SHOW PROCESSLIST, and try again.",
        );
      }
    }
    await delay(PAUSE_MS);
  }
}

/** Ends what `beginAtOneMoment` has begun on a connection. A connection runs its statements one after the other. */
async function release(connection: Connection): Promise<void> {
  for (const sql of ["ROLLBACK", "UNLOCK TABLES", "UNLOCK INSTANCE"]) await connection.query(sql);
}

async function beginSnapshot(connection: Connection): Promise<LogPosition | undefined> {
  // Holds migrations back until the connection closes, because a snapshot cannot read a table changed after it.
  // Taken under the read lock, so that no migration is between the two locks.
  await connection.query("LOCK INSTANCE FOR BACKUP");
  await connection.query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  return await positionOf(connection);
}

/** Returns the time of the server's clock, in ms. */
async function clockOf(connection: Connection): Promise<number> {
  const [[clock]] = await connection.query<RowDataPacket[]>("SELECT UNIX_TIMESTAMP(NOW(3)) * 1000 AS ms");
  return Number(clock?.ms);
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
