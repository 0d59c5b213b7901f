import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { DisableTotpRequest } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { type Account, lockAccount, touchAccount } from "../accounts/account-store.ts";
import { toUser } from "../accounts/user.ts";
import type { Auth } from "../app.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { findCredentials } from "../passwords/credential-store.ts";
import { deleteTotp, lockTotp } from "./mfa-store.ts";
import { useTotpCode } from "./use-totp-code.ts";

/** AuthService.DisableTotp. Throws INVALID_CREDENTIALS, MFA_NOT_ACTIVE, INVALID_MFA_CODE; the failures are audited. */
export const disableTotp =
  (app: Auth) =>
  async ({ password, code }: DisableTotpRequest, call: Call): Promise<User> => {
    const { userId } = userOf(call);
    try {
      const credentials = await findCredentials(app.db, userId);
      const matches = await app.hasher.verify(credentials?.passwordHash, password, call.deadline);
      if (!matches) throw new ApiError("INVALID_CREDENTIALS");
      return await remove(app, userId, code, call);
    } catch (error) {
      if (error instanceof ApiError && FAILURES.has(error.reason)) {
        await app.audit.record(call, [
          { resource: `users/${userId}`, subjectIds: [userId], outcome: "FAILURE" },
        ]);
      }
      throw error;
    }
  };

/** Attempts with a wrong password or code. */
const FAILURES = new Set(["INVALID_CREDENTIALS", "INVALID_MFA_CODE"]);

async function remove(app: Auth, userId: string, code: string, call: Call): Promise<User> {
  return await app.changes.apply(call, async (tx) => {
    const totp = await lockTotp(tx, userId);
    if (!totp?.activateTime) throw new ApiError("MFA_NOT_ACTIVE");
    if (!(await useTotpCode(app, tx, userId, code))) throw new ApiError("INVALID_MFA_CODE");
    const account = (await lockAccount(tx, userId))!;
    deleteTotp(tx, userId);
    touchAccount(tx, userId);
    queueMail(app, tx, account, { template: "mfa-disabled" });
    const changed: Account = { ...account, mfaEnabled: false, version: account.version + 1 };
    return {
      response: toUser(changed),
      trails: [{ resource: `users/${userId}`, subjectIds: [userId] }],
    };
  });
}
