import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import type { Account } from "../accounts/account.ts";
import { lockAccount } from "../accounts/account-store.ts";
import { lockLiveSession } from "./session-store.ts";

/**
 * Makes sure that the caller is still signed in until the transaction ends: for what outlasts a session, such as a second
 * factor, as not everybody may have heard yet of one that has ended. Whoever ends it meanwhile, or disables the account,
 * which ends its sessions, finds what was done. Throws UNAUTHENTICATED.
 *
 * @returns the caller's account, locked
 */
export async function lockSession(
  tx: Transaction,
  { userId, sessionId }: UserCaller,
  now: Date,
): Promise<Account> {
  // Before the session is looked at: a login that holds the account adds one until it commits.
  const account = await lockAccount(tx, userId);
  const isLive = await lockLiveSession(tx, { id: sessionId, userId }, now);
  if (!account || !isLive) throw new ApiError("UNAUTHENTICATED");
  return account;
}
