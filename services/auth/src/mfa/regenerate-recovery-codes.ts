import { changed } from "@medconnect/platform/changes/effect.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  RecoveryCodes,
  RegenerateRecoveryCodesRequest,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { accessTo } from "../accounts/user.ts";
import type { Auth } from "../app.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { changeWithCode } from "./change-with-code.ts";
import { replaceRecoveryCodes } from "./mfa-store.ts";
import { newRecoveryCodes, storedRecoveryCode } from "./recovery-codes.ts";

/** AuthService.RegenerateRecoveryCodes. Throws the errors of `changeWithCode`. */
export async function regenerateRecoveryCodes(
  app: Auth,
  request: RegenerateRecoveryCodesRequest,
  call: Call,
): Promise<RecoveryCodes> {
  return await changeWithCode(app, request, call, (tx, account) => {
    const recoveryCodes = newRecoveryCodes();
    const stored = recoveryCodes.map((code) => storedRecoveryCode(app.proofs, account.id, code));
    replaceRecoveryCodes(tx, account.id, stored);
    queueMail(app, tx, account, { template: "new-recovery-codes" });
    return changed({ recoveryCodes }, accessTo(account));
  });
}
