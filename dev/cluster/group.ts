import { setTimeout as delay } from "node:timers/promises";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";

/** MySQL user with which a member fetches missed transactions from another member. */
export const RECOVERY_USER = "medconnect_recovery";

const JOIN_TIMEOUT_MS = 120_000;
const POLL_MS = 100;

export interface Member {
  port: number;
  state: "ONLINE" | "RECOVERING" | "OFFLINE" | "ERROR" | "UNREACHABLE";
  role: "PRIMARY" | "SECONDARY" | "";
}

/** Runs `work` on a new connection to one server, which is closed afterwards. */
export async function onServer<T>(url: string, work: (server: Connection) => Promise<T>): Promise<T> {
  const server = await createConnection({ uri: url, connectTimeout: 2000, multipleStatements: true });
  try {
    return await work(server);
  } finally {
    server.destroy();
  }
}

/**
 * Creates the recovery user on a server that is not yet in the group. The statements are not written to the
 * binary log, because each server creates the user itself.
 */
export async function makeRecoveryUser(url: string, password: string): Promise<void> {
  await onServer(url, async (server) => {
    await server.query("SET sql_log_bin = OFF, GLOBAL super_read_only = OFF");
    await server.query(`CREATE USER IF NOT EXISTS ${RECOVERY_USER}@'127.0.0.1' IDENTIFIED BY ?`, [password]);
    await server.query(`GRANT REPLICATION SLAVE, CONNECTION_ADMIN ON *.* TO ${RECOVERY_USER}@'127.0.0.1'`);
    await server.query("SET GLOBAL super_read_only = ON");
  });
}

/**
 * Returns the ids of all transactions that a server has executed or received. Received ones count, because
 * the group acknowledges a commit when a majority of servers has received it.
 */
export async function transactionsOf(url: string): Promise<string> {
  return await onServer(url, async (server) => {
    const { gtids } = await readRow(
      server,
      `SELECT CONCAT_WS(',', @@GLOBAL.gtid_executed,
         (SELECT NULLIF(RECEIVED_TRANSACTION_SET, '') FROM performance_schema.replication_connection_status
          WHERE CHANNEL_NAME = 'group_replication_applier')) AS gtids`,
    );
    return String(gtids);
  });
}

/** True if `others` contains all transactions of `some`. Both are sets that `transactionsOf` returned. */
export async function isSubset(url: string, some: string, others: string): Promise<boolean> {
  return await onServer(url, async (server) => {
    const { inside } = await readRow(server, "SELECT GTID_SUBSET(?, ?) AS inside", [some, others]);
    return inside === 1;
  });
}

/** Founds the group on one server, which becomes its primary. */
export async function foundGroup(url: string, password: string): Promise<void> {
  await onServer(url, async (server) => {
    await server.query("SET GLOBAL group_replication_bootstrap_group = ON");
    try {
      await start(server, password);
    } finally {
      // If the setting stayed on, the next start of this server would found a second group.
      await server.query("SET GLOBAL group_replication_bootstrap_group = OFF");
    }
  });
}

/** Joins a server to the group. Returns when the server has received all transactions of the group. */
export async function joinGroup(url: string, password: string, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + JOIN_TIMEOUT_MS;
  await onServer(url, async (server) => {
    await start(server, password);
    for (;;) {
      const { state } = await ownMembership(server);
      if (state === "ONLINE") return;
      if (state === "ERROR" || Date.now() > deadline) {
        throw new SetupError(`A server cannot join the group (${state}). See its log.`);
      }
      await delay(POLL_MS, undefined, { signal });
    }
  });
}

async function start(server: Connection, password: string): Promise<void> {
  await server.query("START GROUP_REPLICATION USER = ?, PASSWORD = ?", [RECOVERY_USER, password]);
}

/** The group's members, as the server at this URL reports them. */
export async function membersOf(url: string): Promise<Member[]> {
  return await onServer(url, async (server) => {
    const [rows] = await server.query<RowDataPacket[]>(
      `SELECT MEMBER_PORT AS port, MEMBER_STATE AS state, MEMBER_ROLE AS role
       FROM performance_schema.replication_group_members ORDER BY MEMBER_PORT`,
    );
    return rows as Member[];
  });
}

async function ownMembership(server: Connection): Promise<Pick<Member, "state" | "role">> {
  const [[row]] = await server.query<RowDataPacket[]>(
    `SELECT MEMBER_STATE AS state, MEMBER_ROLE AS role
     FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid`,
  );
  return (row ?? { state: "OFFLINE", role: "" }) as Pick<Member, "state" | "role">;
}

/**
 * Makes another server the primary. First disconnects the clients of the old primary. Otherwise these clients
 * would read stale data, because the old primary becomes a secondary.
 */
export async function handOver(fromUrl: string, toUrl: string): Promise<void> {
  await onServer(fromUrl, async (from) => {
    await from.query("SET GLOBAL offline_mode = ON");
    try {
      await from.query("SELECT group_replication_set_as_primary(?)", [await onServer(toUrl, uuidOf)]);
    } finally {
      await from.query("SET GLOBAL offline_mode = OFF");
    }
  });
}

async function uuidOf(server: Connection): Promise<string> {
  const { uuid } = await readRow(server, "SELECT @@server_uuid AS uuid");
  return String(uuid);
}

/** Runs a SELECT without FROM, which returns exactly one row. */
async function readRow(server: Connection, sql: string, params: string[] = []): Promise<RowDataPacket> {
  const [[row]] = await server.query<RowDataPacket[]>(sql, params);
  if (!row) throw new Error(`no row: ${sql}`);
  return row;
}
