import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** A session that has not ended, with the columns that its user sees. */
export interface LiveSession {
  readonly id: string;
  readonly authTime: Date;
  readonly useTime: Date;
  readonly expireTime: Date;
  readonly remembered: boolean;
  /** Device of the session's latest use, encrypted; see session-client.ts. */
  readonly client: Buffer | null;
}

interface LiveSessionRow extends Omit<LiveSession, "remembered"> {
  /** 0 or 1. */
  readonly remembered: number;
}

export interface SessionOwner {
  readonly userId: string;
  readonly endTime: Date | null;
}

const COLUMNS = `id, auth_time AS authTime, COALESCE(use_time, auth_time) AS useTime, expire_time AS expireTime,
  remembered, client`;
const LOCK_OWNER = "SELECT user_id AS userId, end_time AS endTime FROM sessions WHERE id = ? FOR UPDATE";

/** Lists a page of a user's live sessions, which have neither ended nor expired; newest first. */
export async function listLiveSessions(
  db: Database,
  userId: string,
  now: Date,
  page: Page,
): Promise<LiveSession[]> {
  const { sql, params } = where(
    ["live_user_id = ?", binaryId(userId)],
    ["expire_time > ?", now],
    ["COALESCE(idle_expire_time, expire_time) > ?", now],
    before("auth_time", "id", page.after),
  );
  const rows = await db.read<LiveSessionRow>(
    `SELECT ${COLUMNS} FROM sessions FORCE INDEX (sessions_live) ${sql} ORDER BY auth_time DESC, id DESC LIMIT ?`,
    [...params, limitOf(page)],
  );
  return rows.map((row) => ({ ...row, remembered: row.remembered === 1 }));
}

/**
 * Locks a session until the transaction ends. Returns its user and the time at which it was ended, if any.
 */
export async function lockSessionOwner(tx: Transaction, id: string): Promise<SessionOwner | undefined> {
  const [owner] = await tx.read<SessionOwner>(LOCK_OWNER, [binaryId(id)]);
  return owner;
}
