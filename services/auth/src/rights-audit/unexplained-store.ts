import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";

/** Default number of rows per statement. */
const PAGE = 1000;

const ENTRIES = `SELECT id, resource, outcome, occur_time AS time FROM audit_events FORCE INDEX (audit_events_action)
  WHERE action = ? AND occur_time >= ? AND NOT (occur_time = ? AND id <= ?) ORDER BY occur_time, id LIMIT ?`;

const FACTOR = "SELECT user_id FROM mfa_totp t WHERE t.user_id = u.id AND t.activate_time IS NOT NULL";
const USERS = `SELECT u.id, u.email, u.role, u.status, u.password_hash AS passwordHash,
  u.account_proof AS accountProof, u.password_proof AS passwordProof, (${FACTOR}) AS factor FROM users u
  WHERE u.id > ? ORDER BY u.id LIMIT ?`;

const SERVICE_ACCOUNTS = "SELECT id, status, scopes FROM service_accounts WHERE id > ? ORDER BY id LIMIT ?";

const SIGNING_KEYS =
  "SELECT kid AS id, retire_time AS retireTime FROM signing_keys WHERE kid > ? ORDER BY kid LIMIT ?";

/** Smallest value of DATETIME in MySQL: every audit entry is later. */
const BEGINNING = new Date("1000-01-01T00:00:00Z");

/** Columns of an audit entry that the comparison of rights needs. */
export interface RightsEntry {
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
  /**
   * Proof (a keyed hash) that auth wrote the account, see account-proofs.ts. Null if the account has none.
   */
  accountProof: Buffer | null;
  passwordProof: Buffer | null;
  /** Id of the user if they have an active second factor; otherwise null. */
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

/** Reads all audit entries of an action, oldest first. */
export async function* readEntries(
  db: Database,
  action: string,
  pageSize = PAGE,
): AsyncGenerator<RightsEntry> {
  for (let [time, id]: [Date, SqlScalar] = [BEGINNING, ""]; ; ) {
    const entries: RightsEntry[] = await db.read<RightsEntry>(ENTRIES, [action, time, time, id, pageSize]);
    yield* entries;
    const last = entries.at(-1);
    if (!last || entries.length < pageSize) return;
    [time, id] = [last.time, binaryId(last.id)];
  }
}

export const readUsers = (db: Database, pageSize?: number) =>
  readById<UserRights>(db, USERS, binaryId, pageSize);

export const readServiceAccounts = (db: Database, pageSize?: number) =>
  readById<ServiceAccountRights>(db, SERVICE_ACCOUNTS, binaryId, pageSize);

export const readSigningKeys = (db: Database, pageSize?: number) =>
  readById<KeyInUse>(db, SIGNING_KEYS, (kid) => kid, pageSize);

/**
 * Reads rows page by page, in order of their ids.
 *
 * @param keyOf converts the last id of a page to the SQL parameter for the next page
 */
async function* readById<Row extends { id: string }>(
  db: Database,
  sql: string,
  keyOf: (id: string) => SqlScalar,
  pageSize = PAGE,
): AsyncGenerator<Row> {
  for (let after: SqlScalar = ""; ; ) {
    const rows: Row[] = await db.read<Row>(sql, [after, pageSize]);
    yield* rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = keyOf(last.id);
  }
}
