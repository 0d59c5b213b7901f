import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { LoginRequest, LoginResponse } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { passwordProof } from "../accounts/account-proofs.ts";
import type { Auth } from "../app.ts";
import { mailResetLink } from "../links/mail-reset-link.ts";
import { passwordCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { askForSecondFactor } from "../mfa/ask-for-second-factor.ts";
import {
  type Credentials,
  findCredentialsByEmail,
  type LockedAccount,
  lockActive,
  replaceHash,
} from "../passwords/credential-store.ts";
import { isWeak } from "../passwords/password-hasher.ts";
import { verifyPassword } from "../passwords/verify-password.ts";
import { issueTokens } from "../sessions/issue-tokens.ts";
import { type CallContext, openSession } from "../sessions/open-session.ts";

/**
 * AuthService.Login. Throws INVALID_CREDENTIALS: the same for an unknown e-mail, a wrong password, a disabled account
 * and one that is locked, after the same work.
 */
export async function login(
  app: Auth,
  { email, password, rememberMe }: LoginRequest,
  call: Call,
): Promise<LoginResponse> {
  const credentials = await findCredentialsByEmail(app.db, email);
  const matches = await verifyPassword(app, credentials, password, call.deadline);
  // A disabled account is refused here, and not only by `holdActive`, for the time not to tell it from a wrong password.
  const proven = matches && credentials?.status === "ACTIVE" ? credentials : undefined;
  const now = app.clock.now();
  const answer = await app.calls.apply(call, async (tx) => {
    const counters = passwordCounters(app, email, call);
    const held = await evaluateAttempt(
      tx,
      counters,
      now,
      async () => proven && (await lockActive(tx, proven)),
    );
    if (!held) return refuse(credentials);
    if (app.mustVerifyEmail && !proven?.emailVerified) {
      // Made where addresses need not be verified. The password proves too little: a stranger may have chosen it.
      await mailResetLink(app, tx, { id: held.userId, email });
      return refuse(credentials);
    }
    return await begin(app, tx, { ...held, remembered: rememberMe }, { now, call });
  });
  if (proven && isWeak(proven.passwordHash)) await strengthen(app, proven, password, call);
  return answer;
}

/** Opens a session, or asks for the second factor. */
async function begin(
  app: Auth,
  tx: Transaction,
  held: LockedAccount & { remembered: boolean },
  { now, call }: CallContext,
) {
  const { userId } = held;
  const entry = { subjectIds: [userId], actorId: userId };
  if (held.mfaEnabled) {
    const response = await askForSecondFactor(app, tx, held, now);
    return { response, entries: [{ ...entry, resource: `users/${userId}` }] };
  }
  const opened = openSession(app, tx, held, { now, call });
  const response = await issueTokens(app, opened, now);
  return { response, entries: [{ ...entry, resource: `sessions/${opened.session.id}` }] };
}

/** The audit trail names the account if there is one, and never what was typed. */
function refuse(credentials: Credentials | undefined) {
  return {
    response: new ApiError("INVALID_CREDENTIALS"),
    entries: [
      {
        resource: `users/${credentials?.userId ?? "-"}`,
        subjectIds: credentials ? [credentials.userId] : [],
        outcome: "FAILURE" as const,
      },
    ],
  };
}

/** Hashes the password as is asked for today, now that it is at hand; if that fails, the next login does it. */
async function strengthen(
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
