import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { LoginResponse, VerifyMfaRequest } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import type { Auth } from "../app.ts";
import { factorCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { lockActive } from "../passwords/credential-store.ts";
import { issueTokens } from "../sessions/issue-tokens.ts";
import { openSession } from "../sessions/open-session.ts";
import { passChallenge, takeAttempt } from "./mfa-store.ts";
import { readMfaToken } from "./mfa-token.ts";
import { useRecoveryCode } from "./use-recovery-code.ts";
import { useTotpCode } from "./use-totp-code.ts";

/**
 * AuthService.VerifyMfa. Throws INVALID_MFA_TOKEN for a token that is expired, spent or used up, INVALID_MFA_CODE for
 * a wrong factor, and for any while the account had too many wrong ones.
 */
export async function verifyMfa(app: Auth, request: VerifyMfaRequest, call: Call): Promise<LoginResponse> {
  const claims = await readMfaToken(app, request.mfaToken);
  const { userId } = claims;
  const now = app.clock.now();
  return await app.calls.apply(call, async (tx) => {
    const failed = (reason: "INVALID_MFA_TOKEN" | "INVALID_MFA_CODE") => ({
      response: new ApiError(reason),
      entries: [{ resource: `users/${userId}`, subjectIds: [userId], outcome: "FAILURE" as const }],
    });
    const challenge = await takeAttempt(tx, claims, now);
    if (!challenge) return failed("INVALID_MFA_TOKEN");
    const counters = factorCounters(app, userId);
    const isRight = await evaluateAttempt(tx, counters, now, () => useFactor(app, tx, userId, request));
    if (!isRight) return failed("INVALID_MFA_CODE");
    const held = await lockActive(tx, challenge);
    if (!held) return failed("INVALID_MFA_TOKEN");
    passChallenge(tx, challenge.id, now);
    const { remembered } = challenge;
    const opened = openSession(app, tx, { ...held, remembered }, { now, call });
    return {
      response: await issueTokens(app, opened, now),
      entries: [{ resource: `sessions/${opened.session.id}`, subjectIds: [userId], actorId: userId }],
    };
  });
}

/** Uses up the code or the recovery code. @returns whether it was right */
async function useFactor(
  app: Auth,
  tx: Transaction,
  userId: string,
  { factor }: VerifyMfaRequest,
): Promise<boolean> {
  if (factor?.$case === "code") return await useTotpCode(app, tx, userId, factor.value);
  return await useRecoveryCode(app, tx, userId, factor?.value ?? "");
}
