import { changed } from "@medconnect/platform/changes/effect.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { DisableTotpRequest } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import { raiseVersion } from "../accounts/account-store.ts";
import { accessTo, toUser } from "../accounts/user.ts";
import type { Auth } from "../app.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { changeWithCode } from "./change-with-code.ts";
import { deleteTotp } from "./mfa-store.ts";

/** AuthService.DisableTotp. Throws the errors of `changeWithCode`. */
export async function disableTotp(app: Auth, request: DisableTotpRequest, call: Call): Promise<User> {
  return await changeWithCode(app, request, call, (tx, account) => {
    deleteTotp(tx, account.id);
    raiseVersion(tx, account.id);
    queueMail(app, tx, account, { template: "mfa-disabled" });
    const user = toUser({ ...account, mfaEnabled: false, version: account.version + 1 });
    return changed(user, accessTo(account));
  });
}
