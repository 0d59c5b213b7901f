import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { changed } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  DisableUserRequest,
  EnableUserRequest,
  User,
} from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Account, Status } from "../accounts/account.ts";
import { lockAccount, setStatus } from "../accounts/account-store.ts";
import { accessTo, readsOf, toUser, type UserEventType, userEvent } from "../accounts/user.ts";
import type { Auth } from "../app.ts";
import { revokeGrantsOf } from "../break-glass/revoke-grant.ts";
import { endSessions } from "../sessions/end-sessions.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { lockLiveSessions } from "../sessions/session-store.ts";

/** UserService.DisableUser. A repeated call changes nothing. Throws NOT_FOUND, CANNOT_CHANGE_SELF. */
export async function disableUser(app: Auth, { userId }: DisableUserRequest, call: Call): Promise<User> {
  if (userId === userOf(call).userId) throw new ApiError("CANNOT_CHANGE_SELF");
  const disable = async (tx: Transaction) => {
    const now = app.clock.now();
    const { user, entries } = await changeStatus(tx, userId, "DISABLED", "user.disabled");
    endSessions(app, tx, await lockLiveSessions(tx, userId, now), now);
    return changed(user, ...entries, ...(await revokeGrantsOf(tx, userId, now)));
  };
  return await app.calls.apply(call, disable, readsOf);
}

/** UserService.EnableUser. A repeated call changes nothing. Throws NOT_FOUND, UNAUTHENTICATED. */
export const enableUser = async (app: Auth, { userId }: EnableUserRequest, call: Call): Promise<User> =>
  await app.calls.apply(
    call,
    async (tx) => {
      await lockSession(tx, userOf(call), app.clock.now());
      const { user, entries } = await changeStatus(tx, userId, "ACTIVE", "user.enabled");
      return changed(user, ...entries);
    },
    readsOf,
  );

/**
 * Sets an account's status.
 *
 * @returns the account after the change, and the audit entries; none if the account already had the status
 */
async function changeStatus(
  tx: Transaction,
  userId: string,
  status: Status,
  type: UserEventType,
): Promise<{ user: User; entries: AuditEntry[] }> {
  const account = await lockAccount(tx, userId);
  if (!account) throw new ApiError("NOT_FOUND");
  if (account.status === status) return { user: toUser(account), entries: [] };
  setStatus(tx, userId, status);
  const after: Account = { ...account, status, version: account.version + 1 };
  return { user: toUser(after), entries: [{ ...accessTo(account), events: [userEvent(type, after)] }] };
}
