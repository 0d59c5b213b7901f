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
/**
 * Share of the client's time-out after which the server stops a SELECT. If the client timed out first, it
 * could no longer use the connection.
 */
const SERVER_SHARE = 0.9;

/** Identity of an initialized connection on the server. `killQuery` needs it to kill a running statement. */
export interface Session {
  /** `server_uuid` of the server. Behind a router, connections may lead to different servers. */
  serverUuid: string;
  /** Id of the connection on that server. Another server may use the same id for a different connection. */
  threadId: number;
}

/**
 * Initializes a new connection. Throws if the server is read-only: during a fail-over, a router may lead to a
 * standby, whose data may be stale. The setting target_session_attrs=read-write of libpq does the same.
 */
export async function openSession(connection: PoolConnection, timeoutMs: number): Promise<Session> {
  const statementMs = Math.ceil(timeoutMs * SERVER_SHARE);
  await answerWithin(timeoutMs, connection.query(SET, [statementMs]));
  const [[server]] = await answerWithin(timeoutMs, connection.query<RowDataPacket[]>(SERVER));
  if (server?.isStandby) throw standbyError();
  return { serverUuid: server?.uuid, threadId: connection.threadId };
}

/**
 * Kills the running statement of a session, over a `spare` connection. Does nothing if `spare` leads to
 * another server, where the thread id belongs to a different connection or to none.
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
