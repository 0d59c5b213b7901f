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
 * The server stops a SELECT after this share of the client's time-out. If the client's time-out passed first,
 * the client could no longer use the connection.
 */
const SERVER_SHARE = 0.9;

/** Identity of an initialized connection on its server, to kill its statement. */
export interface Session {
  /** `server_uuid` of the server. Behind a router, connections may lead to different servers. */
  serverUuid: string;
  /** Id of the connection on that server. Another server may have the same id. */
  threadId: number;
}

/**
 * Initializes a new connection. Throws if the server is read-only, as with target_session_attrs=read-write of
 * libpq: during a fail-over, a router may lead to a standby, whose data may be stale.
 */
export async function openSession(connection: PoolConnection, timeoutMs: number): Promise<Session> {
  const statementMs = Math.ceil(timeoutMs * SERVER_SHARE);
  await answerWithin(timeoutMs, connection.query(SET, [statementMs]));
  const [[server]] = await answerWithin(timeoutMs, connection.query<RowDataPacket[]>(SERVER));
  if (server?.isStandby) throw standbyError();
  return { serverUuid: server?.uuid, threadId: connection.threadId };
}

/**
 * Kills the running statement of a session, over a spare connection. Does nothing if the spare connection
 * leads to another server, where the thread id belongs to another connection or to none.
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
