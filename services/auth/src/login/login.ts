import { changed, type Effect, failed } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { LoginRequest, LoginResponse } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { passwordProof } from "../accounts/account-proofs.ts";
import type { Auth } from "../app.ts";
import { mailResetLink } from "../links/mail-reset-link.ts";
import { passwordCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { CHALLENGE_TTL_S, type Challenge } from "../mfa/challenge.ts";
import { insertChallenge } from "../mfa/mfa-store.ts";
import { makeMfaToken } from "../mfa/mfa-token.ts";
import {
  type Credentials,
  findCredentialsByEmail,
  type LockedAccount,
  lockActive,
  replaceHash,
} from "../passwords/credential-store.ts";
import { verifyPassword } from "../passwords/verify-password.ts";
import { type CallContext, issueTokens, openSession } from "../sessions/open-session.ts";

/**
 * AuthService.Login. Throws INVALID_CREDENTIALS. An unknown e-mail, a wrong password, a disabled account and
 * a locked one get the same response in the same time.
 */
export async function login(
  app: Auth,
  { email, password, rememberMe }: LoginRequest,
  call: Call,
): Promise<LoginResponse> {
  const credentials = await findCredentialsByEmail(app.db, email);
  const matches = await verifyPassword(app, credentials, password, call.deadline);
  // Checks the status here, although `lockActive` refuses a disabled account as well. The additional
  // statement of `lockActive` would show in the response time.
  const proven = matches && credentials?.status === "ACTIVE" ? credentials : undefined;
  const now = app.clock.now();
  const answer = await app.calls.apply(call, async (tx) => {
    const counters = passwordCounters(app, email, call);
    const account = await evaluateAttempt(
      tx,
      counters,
      now,
      async () => proven && (await lockActive(tx, proven)),
    );
    if (!account) return refuse(credentials);
    if (app.mustVerifyEmail && !proven?.emailVerified) {
      // The account was created before addresses had to be verified, so a stranger may have registered it.
      // Its password is therefore refused, and the owner of the address gets a link to set a new one.
      await mailResetLink(app, tx, { id: account.userId, email });
      return refuse(credentials);
    }
    return await signIn(app, tx, { ...account, remembered: rememberMe }, { now, call });
  });
  if (proven && app.hasher.isWeak(proven.passwordHash)) await replaceWeakHash(app, proven, password, call);
  return answer;
}

/** Opens a session, or asks for the second factor. */
async function signIn(
  app: Auth,
  tx: Transaction,
  account: LockedAccount & { remembered: boolean },
  { now, call }: CallContext,
): Promise<Effect<LoginResponse>> {
  const { userId } = account;
  const entry = { subjectIds: [userId], actorId: userId };
  if (account.mfaEnabled) {
    const response = await askForSecondFactor(app, tx, account, now);
    return changed(response, { ...entry, resource: `users/${userId}` });
  }
  const opened = openSession(app, tx, account, { now, call });
  const tokens = await issueTokens(app, opened, now);
  const response: LoginResponse = { result: { $case: "tokens", value: tokens } };
  return changed(response, { ...entry, resource: `sessions/${opened.session.id}` });
}

/** Stores a challenge for the second factor, and returns the response to a login whose password is right. */
async function askForSecondFactor(
  app: Auth,
  tx: Transaction,
  { userId, passwordSetTime, remembered }: Pick<Challenge, "userId" | "passwordSetTime" | "remembered">,
  now: Date,
): Promise<LoginResponse> {
  const challenge = {
    id: newId(),
    userId,
    passwordSetTime,
    remembered,
    expireTime: new Date(now.getTime() + CHALLENGE_TTL_S * 1000),
  };
  insertChallenge(tx, challenge);
  const mfaToken = await makeMfaToken(app, challenge);
  return {
    result: { $case: "mfaChallenge", value: { mfaToken, expiresInSeconds: CHALLENGE_TTL_S } },
  };
}

/**
 * Refuses a login. The audit entry has no e-mail, only the id of a known account, because some users type
 * their password into the e-mail field.
 */
const refuse = (credentials: Credentials | undefined): Effect<never> =>
  failed(new ApiError("INVALID_CREDENTIALS"), {
    resource: `users/${credentials?.userId ?? "-"}`,
    subjectIds: credentials ? [credentials.userId] : [],
    outcome: "FAILURE",
  });

/**
 * Replaces a hash with outdated parameters. This is possible only during a login, which supplies the
 * password. If it fails, the next login tries again.
 */
async function replaceWeakHash(
  app: Auth,
  { userId, passwordHash }: Credentials,
  password: string,
  call: Call,
): Promise<void> {
  try {
    const hash = await app.hasher.hash(password, call.deadline);
    const proof = passwordProof(app.hash, userId, hash);
    await replaceHash(app.db, userId, passwordHash, { hash, proof });
  } catch (error) {
    app.log.warn({ err: error, userId }, "a weak hash could not be replaced");
  }
}
