import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { refuseToken } from "@medconnect/platform/identity/refuse-token.ts";
import type { Account } from "../accounts/account.ts";
import { lockAccount } from "../accounts/account-store.ts";
import { lockLiveSession } from "./session-store.ts";

/**
 * Locks the caller's session until the transaction ends. Changes that outlast a session, such as a second
 * factor, need this lock, because a process may still accept the access token of an ended session. A
 * concurrent transaction that ends the session waits for this transaction, and then sees the change. Throws
 * UNAUTHENTICATED if the session has ended.
 *
 * @returns the caller's account, locked
 */
export async function lockSession(
  tx: Transaction,
  { userId, sessionId }: UserCaller,
  now: Date,
): Promise<Account> {
  // Locks the account before the session. All transactions that lock both use this order, which prevents
  // deadlocks.
  const account = await lockAccount(tx, userId);
  const isLive = await lockLiveSession(tx, { id: sessionId, userId }, now);
  if (!account || !isLive) throw refuseToken("revoked");
  return account;
}
