import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  ForgotPasswordRequest,
  ForgotPasswordResponse,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { canonicalEmail } from "../accounts/account-rules.ts";
import { findAccountByEmail } from "../accounts/account-store.ts";
import { answerAlike } from "../accounts/answer-alike.ts";
import type { Auth } from "../app.ts";
import { mailLink } from "../links/mail-link.ts";
import { mayMail } from "../mail/may-mail.ts";

/**
 * AuthService.ForgotPassword. Answers alike, and in the same time, whether or not there is an account, it is disabled, or
 * was mailed a link just now; only the mail, which goes out later, knows.
 */
export const forgotPassword =
  (app: Auth) =>
  async ({ email }: ForgotPasswordRequest, call: Call): Promise<ForgotPasswordResponse> =>
    await answerAlike(app, () => mailResetLink(app, email, call));

async function mailResetLink(app: Auth, email: string, call: Call): Promise<ForgotPasswordResponse> {
  const account = await findAccountByEmail(app.db, canonicalEmail(email));
  return await app.changes.apply(call, async (tx) => {
    const isDue = account?.status === "ACTIVE" && (await mayMail(app, tx, account.id, "RESET_PASSWORD"));
    if (isDue) mailLink(app, tx, account, "RESET_PASSWORD");
    return {
      response: {},
      trails: [
        {
          resource: `users/${account?.id ?? "-"}`,
          subjectIds: account ? [account.id] : [],
          outcome: isDue ? ("SUCCESS" as const) : ("FAILURE" as const),
        },
      ],
    };
  });
}
