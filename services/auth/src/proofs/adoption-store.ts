import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Account } from "../accounts/account-store.ts";

/** A stored recovery code. */
export interface CodeRow {
  readonly userId: string;
  readonly hash: Buffer;
}

/** An account, as far as it is proven. */
export interface UserRow extends Pick<Account, "id" | "email" | "role"> {
  readonly passwordHash: string;
}

export interface UserProofs {
  readonly id: string;
  readonly account: Buffer;
  readonly password: Buffer;
}

const IS_ADOPTED = "SELECT id FROM audit_events WHERE action = ? LIMIT 1";
const LOCK_CODES = `SELECT user_id AS userId, code_hash AS hash FROM mfa_recovery_codes
  WHERE user_id >= ? AND NOT (user_id = ? AND code_hash <= ?) ORDER BY user_id, code_hash LIMIT ? FOR UPDATE`;
const SAVE_CODES = `INSERT INTO mfa_recovery_codes (user_id, code_hash, proof) VALUES ? AS new
  ON DUPLICATE KEY UPDATE proof = new.proof`;
const LOCK_USERS = `SELECT id, email, role, password_hash AS passwordHash FROM users
  WHERE id > ? ORDER BY id LIMIT ? FOR UPDATE`;
const SAVE_USERS = `UPDATE users u
  JOIN JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(36) CHARACTER SET ascii PATH '$.id',
    account_proof CHAR(64) PATH '$.accountProof', password_proof CHAR(64) PATH '$.passwordProof')) AS n
    ON n.id = u.id
  SET u.account_proof = UNHEX(n.account_proof), u.password_proof = UNHEX(n.password_proof)`;
const SECRETS = `SELECT s.id, s.account_id AS accountId, a.scopes, s.secret_hash AS hash
  FROM service_account_secrets s JOIN service_accounts a ON a.id = s.account_id FOR UPDATE`;
const SAVE_SECRET = "UPDATE service_account_secrets SET proof = ? WHERE id = ?";

export async function isAdopted(db: Database, action: string): Promise<boolean> {
  return (await db.read(IS_ADOPTED, [action])).length > 0;
}

/** The codes after a given one, locked, so that none is used up before its proof is written. */
export async function lockCodes(
  tx: Transaction,
  after: CodeRow | undefined,
  limit: number,
): Promise<CodeRow[]> {
  const { userId, hash } = after ?? { userId: "", hash: Buffer.alloc(32) };
  return await tx.read<CodeRow>(LOCK_CODES, [userId, userId, hash, limit]);
}

export function saveCodeProofs(tx: Transaction, codes: (CodeRow & { proof: Buffer })[]): void {
  if (codes.length === 0) return;
  tx.defer(SAVE_CODES, [codes.map(({ userId, hash, proof }) => [userId, hash, proof])]);
}

/** Accounts by id, as far as they are proven, locked, so that none changes before its proofs are written. */
export async function lockUsers(tx: Transaction, after: string, limit: number): Promise<UserRow[]> {
  return await tx.read<UserRow>(LOCK_USERS, [after, limit]);
}

export function saveUserProofs(tx: Transaction, proofs: UserProofs[]): void {
  const rows = proofs.map(({ id, account, password }) => ({
    id,
    accountProof: account.toString("hex"),
    passwordProof: password.toString("hex"),
  }));
  if (rows.length > 0) tx.defer(SAVE_USERS, [JSON.stringify(rows)]);
}

/** All secrets of service accounts, locked; their number is small. */
export async function lockSecrets(
  tx: Transaction,
): Promise<{ id: string; accountId: string; scopes: string[]; hash: Buffer }[]> {
  return await tx.read(SECRETS);
}

export function saveSecretProof(tx: Transaction, id: string, proof: Buffer): void {
  tx.defer(SAVE_SECRET, [proof, id]);
}
