import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { ResetMfaRequest, User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Account } from "../accounts/account.ts";
import { lockAccount, raiseVersion } from "../accounts/account-store.ts";
import { accessTo, readsOf, toUser } from "../accounts/user.ts";
import type { Auth } from "../app.ts";
import { factorCounters } from "../lockouts/attempt-counters.ts";
import { deleteCounters } from "../lockouts/lockout-store.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { deleteTotp } from "../mfa/mfa-store.ts";
import { endSessions } from "../sessions/end-sessions.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { lockLiveSessions } from "../sessions/session-store.ts";

/**
 * UserService.ResetMfa. Changes nothing if the user has no second factor. Admins remove their own second
 * factor with DisableTotp. Throws NOT_FOUND, CANNOT_CHANGE_SELF, UNAUTHENTICATED.
 */
export async function resetMfa(app: Auth, { userId }: ResetMfaRequest, call: Call): Promise<User> {
  if (userId === userOf(call).userId) throw new ApiError("CANNOT_CHANGE_SELF");
  const reset = async (tx: Transaction) => {
    const now = app.clock.now();
    await lockSession(tx, userOf(call), now);
    const account = await lockAccount(tx, userId);
    if (!account) throw new ApiError("NOT_FOUND");
    if (!account.mfaEnabled) return unchanged(toUser(account));
    deleteTotp(tx, userId);
    // Failed codes for the lost authenticator must not lock the next one.
    deleteCounters(tx, factorCounters(app, userId));
    raiseVersion(tx, userId);
    queueMail(app, tx, account, { template: "mfa-reset" });
    endSessions(app, tx, await lockLiveSessions(tx, userId, now), now);
    const after: Account = { ...account, mfaEnabled: false, version: account.version + 1 };
    return changed(toUser(after), accessTo(account));
  };
  return await app.calls.apply(call, reset, readsOf);
}
