import { changed, failed } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Tokens, VerifyMfaRequest } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { Auth } from "../app.ts";
import { factorCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { lockActive } from "../passwords/credential-store.ts";
import { issueTokens, openSession } from "../sessions/open-session.ts";
import { countAttempt, passChallenge } from "./mfa-store.ts";
import { readMfaToken } from "./mfa-token.ts";
import { useTotpCode } from "./totp.ts";
import { useRecoveryCode } from "./use-recovery-code.ts";

/**
 * AuthService.VerifyMfa: opens the session of a login that waits for its second factor. Throws
 * INVALID_MFA_TOKEN for a token that is invalid, expired or used up. Throws INVALID_MFA_CODE for a wrong
 * code, and for any code while the second factor is locked.
 */
export async function verifyMfa(app: Auth, request: VerifyMfaRequest, call: Call): Promise<Tokens> {
  const claims = await readMfaToken(app, request.mfaToken);
  const { userId } = claims;
  const now = app.clock.now();
  return await app.calls.apply(call, async (tx) => {
    const refuse = (reason: "INVALID_MFA_TOKEN" | "INVALID_MFA_CODE") =>
      failed(new ApiError(reason), {
        resource: `users/${userId}`,
        subjectIds: [userId],
        outcome: "FAILURE",
      });
    const challenge = await countAttempt(tx, claims, now);
    if (!challenge) return refuse("INVALID_MFA_TOKEN");
    const counters = factorCounters(app, userId);
    const isProven = await evaluateAttempt(tx, counters, now, () => useFactor(app, tx, userId, request));
    if (!isProven) return refuse("INVALID_MFA_CODE");
    const account = await lockActive(tx, challenge);
    if (!account) return refuse("INVALID_MFA_TOKEN");
    passChallenge(tx, challenge.id, now);
    const { remembered } = challenge;
    const opened = openSession(app, tx, { ...account, remembered }, { now, call });
    return changed(await issueTokens(app, opened, now), {
      resource: `sessions/${opened.session.id}`,
      subjectIds: [userId],
      actorId: userId,
    });
  });
}

/**
 * Consumes the authenticator code or the recovery code of the request. @returns true if the code was right
 */
async function useFactor(
  app: Auth,
  tx: Transaction,
  userId: string,
  { factor }: VerifyMfaRequest,
): Promise<boolean> {
  if (factor?.$case === "code") return await useTotpCode(app, tx, userId, factor.value);
  return await useRecoveryCode(app, tx, userId, factor?.value ?? "");
}
