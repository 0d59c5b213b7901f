import { changed } from "@medconnect/platform/changes/effect.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  ForgotPasswordRequest,
  ForgotPasswordResponse,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { findAccountByEmail } from "../accounts/account-store.ts";
import { withConstantResponseTime } from "../accounts/with-constant-response-time.ts";
import type { Auth } from "../app.ts";
import { mailResetLink } from "../links/mail-reset-link.ts";

/**
 * AuthService.ForgotPassword: mails a link that resets the password. No link is mailed if no account has the
 * address, if the account is disabled, or if the account was mailed a link recently. The response and its
 * time are the same in all cases.
 */
export const forgotPassword = async (
  app: Auth,
  { email }: ForgotPasswordRequest,
  call: Call,
): Promise<ForgotPasswordResponse> => await withConstantResponseTime(app, () => mailOwner(app, email, call));

async function mailOwner(app: Auth, email: string, call: Call): Promise<ForgotPasswordResponse> {
  const account = await findAccountByEmail(app.db, email);
  return await app.calls.apply(call, async (tx) => {
    const isMailed = account?.status === "ACTIVE" && (await mailResetLink(app, tx, account));
    return changed(
      {},
      {
        resource: `users/${account?.id ?? "-"}`,
        subjectIds: account ? [account.id] : [],
        outcome: isMailed ? "SUCCESS" : "FAILURE",
      },
    );
  });
}
