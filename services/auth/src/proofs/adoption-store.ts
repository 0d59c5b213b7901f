import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** A stored recovery code. */
export interface CodeRow {
  readonly userId: string;
  readonly hash: Buffer;
}

const IS_ADOPTED = "SELECT id FROM audit_events WHERE action = ? LIMIT 1";
const LOCK_CODES = `SELECT user_id AS userId, code_hash AS hash FROM mfa_recovery_codes
  WHERE user_id >= ? AND NOT (user_id = ? AND code_hash <= ?) ORDER BY user_id, code_hash LIMIT ? FOR UPDATE`;
const SAVE_CODES = `INSERT INTO mfa_recovery_codes (user_id, code_hash, proof) VALUES ? AS new
  ON DUPLICATE KEY UPDATE proof = new.proof`;
const SECRETS =
  "SELECT id, account_id AS accountId, secret_hash AS hash FROM service_account_secrets FOR UPDATE";
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

/** All secrets of service accounts, locked; their number is small. */
export async function lockSecrets(
  tx: Transaction,
): Promise<{ id: string; accountId: string; hash: Buffer }[]> {
  return await tx.read(SECRETS);
}

export function saveSecretProof(tx: Transaction, id: string, proof: Buffer): void {
  tx.defer(SAVE_SECRET, [proof, id]);
}
