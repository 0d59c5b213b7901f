import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import type { NewAccount } from "./account.ts";
import { insertAccount } from "./account-store.ts";
import { userEvent } from "./user.ts";

/**
 * Unique indexes that refuse a second account with the same address or the same id. Two accounts made from
 * the same registration would have the same id.
 */
const TAKEN = new Set(["users.users_email", "users.PRIMARY"]);

/**
 * Inserts an account. Throws EMAIL_TAKEN.
 *
 * @returns the audit entry, with the event `user.created`
 */
export async function createAccount(
  tx: Transaction,
  created: NewAccount,
  hash: KeyedHash,
): Promise<AuditEntry> {
  const { account } = created;
  try {
    await insertAccount(tx, created, hash);
  } catch (error) {
    if (TAKEN.has(duplicateKeyOf(error) ?? "")) throw new ApiError("EMAIL_TAKEN");
    throw error;
  }
  count(tx, [{ figure: "REGISTRATIONS", label: account.role, time: account.createTime }]);
  return {
    resource: `users/${account.id}`,
    subjectIds: [account.id],
    actorId: account.id,
    events: [userEvent("user.created", account)],
  };
}
