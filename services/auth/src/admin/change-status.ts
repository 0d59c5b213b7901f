import { changed, type Effect, unchanged } from "@medconnect/platform/changes/effect.ts";
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
    const { response: user, entries } = await changeStatus(tx, userId, "DISABLED", "user.disabled");
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
      return await changeStatus(tx, userId, "ACTIVE", "user.enabled");
    },
    readsOf,
  );

/** Sets an account's status. Changes nothing if the account already has it. Throws NOT_FOUND. */
async function changeStatus(
  tx: Transaction,
  userId: string,
  status: Status,
  type: UserEventType,
): Promise<Effect<User> & { response: User }> {
  const account = await lockAccount(tx, userId);
  if (!account) throw new ApiError("NOT_FOUND");
  if (account.status === status) return unchanged(toUser(account));
  setStatus(tx, userId, status);
  const after: Account = { ...account, status, version: account.version + 1 };
  return changed(toUser(after), { ...accessTo(account), events: [userEvent(type, after)] });
}
