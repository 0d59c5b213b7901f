import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  ChangePasswordRequest,
  ChangePasswordResponse,
} from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { findAccount } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { findCredentials, lockPassword } from "./credential-store.ts";
import { assertStrongPassword } from "./password-rules.ts";
import { setPassword } from "./set-password.ts";

/** UserService.ChangePassword. Throws INVALID_CREDENTIALS, which is audited, and WEAK_PASSWORD. */
export const changePassword =
  (app: Auth) =>
  async (
    { currentPassword, newPassword }: ChangePasswordRequest,
    call: Call,
  ): Promise<ChangePasswordResponse> => {
    const { userId, sessionId } = userOf(call);
    const account = await findAccount(app.db, userId);
    const credentials = await findCredentials(app.db, userId);
    const matches = await app.hasher.verify(credentials?.passwordHash, currentPassword, call.deadline);
    if (!account || !credentials || !matches) return await refuse(app, userId, call);
    assertStrongPassword(newPassword, account);
    const passwordHash = await app.hasher.hash(newPassword, call.deadline);
    const isDone = await app.changes.apply(call, async (tx) => {
      // Of two changes that both show the current password, one comes too late.
      const isCurrent = await lockPassword(tx, userId, credentials.passwordSetTime);
      if (!isCurrent) return { response: false, trails: [] };
      await setPassword(app, tx, account, { passwordHash, keptSessionId: sessionId });
      return { response: true, trails: [{ resource: `users/${userId}`, subjectIds: [userId] }] };
    });
    return isDone ? {} : await refuse(app, userId, call);
  };

async function refuse(app: Auth, userId: string, call: Call): Promise<never> {
  await app.audit.record(call, [{ resource: `users/${userId}`, subjectIds: [userId], outcome: "FAILURE" }]);
  throw new ApiError("INVALID_CREDENTIALS");
}
