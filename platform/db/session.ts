import type { PoolConnection, RowDataPacket } from "mysql2/promise";
import { answerWithin } from "./answer.ts";
import { standbyError } from "./errors.ts";

const SET = `SET SESSION
  transaction_isolation = 'READ-COMMITTED',
  innodb_lock_wait_timeout = 2,
  max_execution_time = ?,
  sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
  time_zone = '+00:00'`;
const SERVER = "SELECT @@GLOBAL.super_read_only AS isStandby, @@server_uuid AS uuid";
/** Share of the client's time-out after which the server stops a SELECT. */
const SERVER_SHARE = 0.9;

/** Identity of an initialized connection at its server. */
export interface Session {
  /** The server's `server_uuid`. Behind a router, connections may lead to different servers. */
  serverUuid: string;
  /** Id of the connection, unique on this server only. */
  threadId: number;
}

/**
 * Initializes a new connection. Throws for a read-only server, like libpq's target_session_attrs=read-write:
 * during a fail-over, a router may lead to a standby, whose reads may be stale.
 */
export async function openSession(connection: PoolConnection, timeoutMs: number): Promise<Session> {
  const statementMs = Math.ceil(timeoutMs * SERVER_SHARE);
  await answerWithin(timeoutMs, connection.query(SET, [statementMs]));
  const [[server]] = await answerWithin(timeoutMs, connection.query<RowDataPacket[]>(SERVER));
  if (server?.isStandby) throw standbyError();
  return { serverUuid: server?.uuid, threadId: connection.threadId };
}

/**
 * Kills the statement of a session over a spare connection, if that leads to the same server. On another
 * server, the id belongs to another connection or to none.
 */
export async function killQuery(
  { serverUuid, threadId }: Session,
  { serverUuid: spareUuid }: Session,
  spare: Pick<PoolConnection, "query">,
  timeoutMs: number,
): Promise<void> {
  if (spareUuid !== serverUuid) return;
  await answerWithin(timeoutMs, spare.query("KILL QUERY ?", [threadId]));
}
