import { changed, failed } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  RecoveryCodes,
  RegenerateRecoveryCodesRequest,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { Auth } from "../app.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { provePassword } from "../passwords/prove-password.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { replaceRecoveryCodes } from "./mfa-store.ts";
import { proveCode } from "./prove-code.ts";
import { newRecoveryCodes, storedRecoveryCode } from "./recovery-codes.ts";

/**
 * AuthService.RegenerateRecoveryCodes. Throws UNAUTHENTICATED and MFA_NOT_ACTIVE. Throws INVALID_CREDENTIALS
 * and INVALID_MFA_CODE, and audits these two.
 */
export async function regenerateRecoveryCodes(
  app: Auth,
  { password, code }: RegenerateRecoveryCodesRequest,
  call: Call,
): Promise<RecoveryCodes> {
  const caller = userOf(call);
  const { userId } = caller;
  await provePassword(app, password, call);
  return await app.calls.apply(call, async (tx) => {
    const entry = { resource: `users/${userId}`, subjectIds: [userId] };
    if (!(await proveCode(app, tx, userId, code))) {
      return failed(new ApiError("INVALID_MFA_CODE"), { ...entry, outcome: "FAILURE" });
    }
    const account = await lockSession(tx, caller, app.clock.now());
    const recoveryCodes = newRecoveryCodes();
    const stored = recoveryCodes.map((code) => storedRecoveryCode(app.proofs, userId, code));
    replaceRecoveryCodes(tx, userId, stored);
    queueMail(app, tx, account, { template: "new-recovery-codes" });
    return changed({ recoveryCodes }, entry);
  });
}
