import { changed, failed } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { DisableTotpRequest } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { raiseVersion } from "../accounts/account-store.ts";
import { toUser } from "../accounts/user.ts";
import type { Auth } from "../app.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { provePassword } from "../passwords/prove-password.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { deleteTotp } from "./mfa-store.ts";
import { proveCode } from "./prove-code.ts";

/**
 * AuthService.DisableTotp. Throws UNAUTHENTICATED and MFA_NOT_ACTIVE. Throws INVALID_CREDENTIALS and
 * INVALID_MFA_CODE, and audits these two.
 */
export async function disableTotp(
  app: Auth,
  { password, code }: DisableTotpRequest,
  call: Call,
): Promise<User> {
  const caller = userOf(call);
  const { userId } = caller;
  await provePassword(app, password, call);
  return await app.calls.apply(call, async (tx) => {
    const entry = { resource: `users/${userId}`, subjectIds: [userId] };
    if (!(await proveCode(app, tx, userId, code))) {
      return failed(new ApiError("INVALID_MFA_CODE"), { ...entry, outcome: "FAILURE" });
    }
    const account = await lockSession(tx, caller, app.clock.now());
    deleteTotp(tx, userId);
    raiseVersion(tx, userId);
    queueMail(app, tx, account, { template: "mfa-disabled" });
    return changed(toUser({ ...account, mfaEnabled: false, version: account.version + 1 }), entry);
  });
}
