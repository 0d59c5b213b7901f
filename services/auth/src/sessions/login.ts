import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { LoginRequest, LoginResponse } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { canonicalEmail } from "../accounts/account-rules.ts";
import type { Auth } from "../app.ts";
import { mailLink } from "../links/mail-link.ts";
import { mayMail } from "../mail/may-mail.ts";
import type { Recipient } from "../mail/queue-mail.ts";
import { askForSecondFactor } from "../mfa/ask-for-second-factor.ts";
import {
  type Credentials,
  findCredentialsByEmail,
  holdActive,
  replaceHash,
} from "../passwords/credential-store.ts";
import { isWeak } from "../passwords/password-hasher.ts";
import { issueTokens } from "./issue-tokens.ts";
import { openSession } from "./open-session.ts";

/**
 * AuthService.Login. Throws INVALID_CREDENTIALS: the same for an unknown e-mail, a wrong password and a disabled
 * account, after the same work.
 */
export const login =
  (app: Auth) =>
  async ({ email, password, rememberMe }: LoginRequest, call: Call): Promise<LoginResponse> => {
    const credentials = await findCredentialsByEmail(app.db, canonicalEmail(email));
    const matches = await app.hasher.verify(credentials?.passwordHash, password, call.deadline);
    // A disabled account is refused here, and not only by `begin`, for the time not to tell it from a wrong password.
    if (credentials && matches && credentials.status === "ACTIVE") {
      if (app.mustVerifyEmail && !credentials.emailVerified) {
        await mailVerification(app, { id: credentials.userId, email: canonicalEmail(email) }, call);
        throw new ApiError("INVALID_CREDENTIALS");
      }
      if (isWeak(credentials.passwordHash)) await strengthen(app, credentials, password, call);
      const answer = await begin(app, credentials, rememberMe, call);
      if (answer) return answer;
    }
    await recordFailure(app, credentials, call);
    throw new ApiError("INVALID_CREDENTIALS");
  };

/**
 * Opens a session, or asks for the second factor.
 *
 * @returns undefined if the account was disabled, or got another password, since its credentials were read
 */
async function begin(
  app: Auth,
  { userId, passwordSetTime }: Credentials,
  remembered: boolean,
  call: Call,
): Promise<LoginResponse | undefined> {
  const now = app.clock.now();
  return await app.changes.apply(call, async (tx) => {
    const held = await holdActive(tx, userId, passwordSetTime);
    if (!held) return { response: undefined, trails: [] };
    const trail = { subjectIds: [userId], actorId: userId };
    if (held.mfaEnabled) {
      const response = await askForSecondFactor(app, tx, { userId, passwordSetTime, remembered }, now);
      return { response, trails: [{ ...trail, resource: `users/${userId}` }] };
    }
    const opened = openSession(app, tx, { userId, role: held.role, remembered }, now);
    const response = await issueTokens(app, opened, now);
    return { response, trails: [{ ...trail, resource: `sessions/${opened.session.id}` }] };
  });
}

/** The password was right, but nobody knows yet whether the address is: its owner gets another link. */
async function mailVerification(app: Auth, account: Recipient, call: Call): Promise<void> {
  await app.changes.apply(call, async (tx) => {
    if (await mayMail(app, tx, account.id, "VERIFY_EMAIL")) mailLink(app, tx, account, "VERIFY_EMAIL");
    const trail = { resource: `users/${account.id}`, subjectIds: [account.id], outcome: "FAILURE" as const };
    return { response: undefined, trails: [trail] };
  });
}

/** The audit trail names the account if there is one, and never what was typed. */
async function recordFailure(app: Auth, credentials: Credentials | undefined, call: Call): Promise<void> {
  await app.audit.record(call, [
    {
      resource: `users/${credentials?.userId ?? "-"}`,
      subjectIds: credentials ? [credentials.userId] : [],
      outcome: "FAILURE",
    },
  ]);
}

/** Hashes the password as is asked for today, now that it is at hand. */
async function strengthen(
  app: Auth,
  { userId, passwordHash }: Credentials,
  password: string,
  call: Call,
): Promise<void> {
  await replaceHash(app.db, userId, passwordHash, await app.hasher.hash(password, call.deadline));
}
