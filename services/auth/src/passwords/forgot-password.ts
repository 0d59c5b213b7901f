import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  ForgotPasswordRequest,
  ForgotPasswordResponse,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { canonicalEmail } from "../accounts/account-rules.ts";
import { findAccountByEmail } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { mailLink } from "../links/mail-link.ts";
import { mayMail } from "../mail/may-mail.ts";

/**
 * AuthService.ForgotPassword. Answers alike, after the same round trips, whether or not there is an account, it is
 * disabled, or was mailed a link just now; only the mail, which goes out later, knows.
 */
export const forgotPassword =
  (app: Auth) =>
  async ({ email }: ForgotPasswordRequest, call: Call): Promise<ForgotPasswordResponse> => {
    const found = await findAccountByEmail(app.db, canonicalEmail(email));
    const account = found?.status === "ACTIVE" ? found : undefined;
    return await app.changes.apply(call, async (tx) => {
      const isDue = await mayMail(app, tx, account?.id, "RESET_PASSWORD");
      if (account && isDue) mailLink(app, tx, account, "RESET_PASSWORD");
      return {
        response: {},
        trails: [
          {
            resource: `users/${found?.id ?? "-"}`,
            subjectIds: found ? [found.id] : [],
            outcome: isDue ? ("SUCCESS" as const) : ("FAILURE" as const),
          },
        ],
      };
    });
  };
