import { changed, failed } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  ChangePasswordRequest,
  ChangePasswordResponse,
} from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { findAccount } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { lockPassword } from "./credential-store.ts";
import { assertStrongPassword } from "./password-rules.ts";
import { provePassword } from "./prove-password.ts";
import { setPassword } from "./set-password.ts";

/**
 * UserService.ChangePassword. Throws WEAK_PASSWORD, UNAUTHENTICATED, and INVALID_CREDENTIALS, which is
 * audited.
 */
export async function changePassword(
  app: Auth,
  { currentPassword, newPassword }: ChangePasswordRequest,
  call: Call,
): Promise<ChangePasswordResponse> {
  const caller = userOf(call);
  const { userId, sessionId } = caller;
  const { passwordSetTime } = await provePassword(app, currentPassword, call);
  const account = await findAccount(app.db, userId);
  if (!account) throw new ApiError("NOT_FOUND");
  assertStrongPassword(newPassword, account);
  const passwordHash = await app.hasher.hash(newPassword, call.deadline);
  return await app.calls.apply(call, async (tx) => {
    const entry = { resource: `users/${userId}`, subjectIds: [userId] };
    await lockSession(tx, caller, app.clock.now());
    if (!(await lockPassword(tx, userId, passwordSetTime))) {
      return failed(new ApiError("INVALID_CREDENTIALS"), { ...entry, outcome: "FAILURE" });
    }
    await setPassword(app, tx, account, { passwordHash, keptSessionId: sessionId });
    return changed({}, entry);
  });
}
