import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { StoredKey } from "./service-account.ts";

const FIND = `SELECT kid, jwk, proof, session_id AS sessionId FROM service_account_keys
  WHERE account_id = ? ORDER BY create_time, kid`;
const INSERT = `INSERT INTO service_account_keys (account_id, kid, jwk, proof, session_id, create_time)
  VALUES (?, ?, ?, ?, ?, ?)`;
const SET_SESSION = "UPDATE service_account_keys SET session_id = ? WHERE account_id = ? AND kid = ?";
const DELETE = "DELETE FROM service_account_keys WHERE account_id = ? AND kid IN (?)";

/** Finds all keys of an account, oldest first. */
export async function findKeys(db: Database | Transaction, accountId: string): Promise<StoredKey[]> {
  return await db.read<StoredKey>(FIND, [binaryId(accountId)]);
}

export function insertKey(tx: Transaction, accountId: string, key: StoredKey & { createTime: Date }): void {
  const { kid, jwk, proof, sessionId, createTime } = key;
  tx.defer(INSERT, [binaryId(accountId), kid, jwk, proof, binaryId(sessionId), createTime]);
}

/** Sets the `sid` claim of the tokens that are issued for the key from now on. */
export function setKeySession(tx: Transaction, accountId: string, kid: string, sessionId: string): void {
  tx.defer(SET_SESSION, [binaryId(sessionId), binaryId(accountId), kid]);
}

export function deleteKeys(tx: Transaction, accountId: string, kids: string[]): void {
  if (kids.length > 0) tx.defer(DELETE, [binaryId(accountId), kids]);
}
