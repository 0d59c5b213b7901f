import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Secret, ServiceAccountRecord, Status } from "./service-account.ts";

const ACCOUNT = "SELECT id, name, scopes, status, create_time AS createTime FROM service_accounts";
const BY_TIME = "FORCE INDEX (service_accounts_time)";
const FIND = `${ACCOUNT} WHERE id = ?`;
const LOCK = `${FIND} FOR UPDATE`;
const INSERT = "INSERT INTO service_accounts (id, name, scopes, status, create_time) VALUES (?, ?, ?, ?, ?)";
const SET_STATUS = "UPDATE service_accounts SET status = ? WHERE id = ?";

const SECRET = `SELECT id, secret_hash AS hash, proof, session_id AS sessionId, expire_time AS expireTime
  FROM service_account_secrets`;
const SECRETS_OF = `${SECRET} WHERE account_id = ?`;
const EXPIRED = `${SECRET} WHERE expire_time <= ?`;
const INSERT_SECRET = `INSERT INTO service_account_secrets
  (id, account_id, secret_hash, proof, session_id, create_time) VALUES (?, ?, ?, ?, ?, ?)`;
const EXPIRE_SECRET = "UPDATE service_account_secrets SET expire_time = ? WHERE id = ?";
const SET_SESSION = "UPDATE service_account_secrets SET session_id = ? WHERE id = ?";
const DELETE_SECRETS = "DELETE FROM service_account_secrets WHERE id IN (?)";

export async function findServiceAccount(
  db: Database,
  id: string,
): Promise<ServiceAccountRecord | undefined> {
  const [row] = await db.read<ServiceAccountRecord>(FIND, [binaryId(id)]);
  return row;
}

/**
 * Locks an account until the transaction ends, so that only one call at a time rotates or revokes its
 * secrets.
 */
export async function lockServiceAccount(
  tx: Transaction,
  id: string,
): Promise<ServiceAccountRecord | undefined> {
  const [row] = await tx.read<ServiceAccountRecord>(LOCK, [binaryId(id)]);
  return row;
}

/** Lists a page of service accounts, newest first. */
export async function listServiceAccounts(db: Database, page: Page): Promise<ServiceAccountRecord[]> {
  const { sql, params } = where(before("create_time", "id", page.after));
  return await db.read<ServiceAccountRecord>(
    `${ACCOUNT} ${BY_TIME} ${sql} ORDER BY create_time DESC, id DESC LIMIT ?`,
    [...params, limitOf(page)],
  );
}

/** Inserts a service account. Throws NAME_TAKEN if another account has the same name. */
export async function insertServiceAccount(tx: Transaction, account: ServiceAccountRecord): Promise<void> {
  const { id, name, scopes, status, createTime } = account;
  try {
    await tx.write(INSERT, [binaryId(id), name, JSON.stringify(scopes), status, createTime]);
  } catch (error) {
    if (duplicateKeyOf(error) === "service_accounts.service_accounts_name") throw new ApiError("NAME_TAKEN");
    throw error;
  }
}

export function setServiceAccountStatus(tx: Transaction, id: string, status: Status): void {
  tx.defer(SET_STATUS, [status, binaryId(id)]);
}

/** Finds all secrets of an account, including expired ones that are not deleted yet. */
export async function findSecrets(db: Database | Transaction, accountId: string): Promise<Secret[]> {
  return await db.read<Secret>(SECRETS_OF, [binaryId(accountId)]);
}

export async function findExpiredSecrets(db: Database | Transaction, now: Date): Promise<Secret[]> {
  return await db.read<Secret>(EXPIRED, [now]);
}

export function insertSecret(
  tx: Transaction,
  secret: Pick<Secret, "id" | "hash" | "proof" | "sessionId"> & { accountId: string; createTime: Date },
): void {
  tx.defer(INSERT_SECRET, [
    binaryId(secret.id),
    binaryId(secret.accountId),
    secret.hash,
    secret.proof,
    binaryId(secret.sessionId),
    secret.createTime,
  ]);
}

export function expireSecret(tx: Transaction, id: string, time: Date): void {
  tx.defer(EXPIRE_SECRET, [time, binaryId(id)]);
}

/** Sets the `sid` claim of the tokens that are issued for the secret from now on. */
export function setSecretSession(tx: Transaction, id: string, sessionId: string): void {
  tx.defer(SET_SESSION, [binaryId(sessionId), binaryId(id)]);
}

export function deleteSecrets(tx: Transaction, ids: string[]): void {
  if (ids.length > 0) tx.defer(DELETE_SECRETS, [ids.map(binaryId)]);
}
