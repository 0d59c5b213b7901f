import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";

/** Rows for each statement, so that all statements are short for tables of any size. */
const PAGE = 1000;

const LINES = `SELECT id, resource, outcome, occur_time AS time FROM audit_events FORCE INDEX (audit_events_action)
  WHERE action = ? AND occur_time >= ? AND NOT (occur_time = ? AND id <= ?) ORDER BY occur_time, id LIMIT ?`;

const FACTOR = "SELECT user_id FROM mfa_totp t WHERE t.user_id = u.id AND t.activate_time IS NOT NULL";
const USERS = `SELECT u.id, u.email, u.role, u.status, u.password_hash AS passwordHash,
  u.account_proof AS accountProof, u.password_proof AS passwordProof, (${FACTOR}) AS factor FROM users u
  WHERE u.id > ? ORDER BY u.id LIMIT ?`;

const SERVICE_ACCOUNTS = "SELECT id, status, scopes FROM service_accounts WHERE id > ? ORDER BY id LIMIT ?";

const SIGNING_KEYS =
  "SELECT kid AS id, retire_time AS retireTime FROM signing_keys WHERE kid > ? ORDER BY kid LIMIT ?";

/** Before the first DATETIME. */
const BEGINNING = new Date("1000-01-01T00:00:00Z");

/** The columns of an audit line that show rights. */
export interface Line {
  id: string;
  resource: string;
  outcome: "SUCCESS" | "DENIED" | "FAILURE";
  time: Date;
}

export interface UserRights {
  id: string;
  email: string;
  role: Role;
  status: string;
  passwordHash: string;
  /** See account-proofs.ts; null where auth wrote none. */
  accountProof: Buffer | null;
  passwordProof: Buffer | null;
  /** Null without an active second factor. */
  factor: string | null;
}

export interface ServiceAccountRights {
  id: string;
  status: string;
  scopes: string[];
}

export interface KeyInUse {
  id: string;
  retireTime: Date | null;
}

/** All lines of an action in order of time. */
export async function* readLines(db: Database, action: string, pageSize = PAGE): AsyncGenerator<Line> {
  for (let [time, id]: [Date, SqlValue] = [BEGINNING, ""]; ; ) {
    const lines: Line[] = await db.read<Line>(LINES, [action, time, time, id, pageSize]);
    yield* lines;
    if (lines.length < pageSize) return;
    const last = lines.at(-1)!;
    [time, id] = [last.time, binaryId(last.id)];
  }
}

export const readUsers = (db: Database, pageSize?: number) =>
  readById<UserRights>(db, USERS, binaryId, pageSize);

export const readServiceAccounts = (db: Database, pageSize?: number) =>
  readById<ServiceAccountRights>(db, SERVICE_ACCOUNTS, binaryId, pageSize);

export const readSigningKeys = (db: Database, pageSize?: number) =>
  readById<KeyInUse>(db, SIGNING_KEYS, (kid) => kid, pageSize);

/** @param keyOf an id as the parameter that the next page begins after */
async function* readById<Row extends { id: string }>(
  db: Database,
  sql: string,
  keyOf: (id: string) => SqlValue,
  pageSize = PAGE,
): AsyncGenerator<Row> {
  for (let after: SqlValue = ""; ; ) {
    const rows: Row[] = await db.read<Row>(sql, [after, pageSize]);
    yield* rows;
    if (rows.length < pageSize) return;
    after = keyOf(rows.at(-1)!.id);
  }
}
