import { changed, failed } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  ActivateTotpRequest,
  RecoveryCodes,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { raiseVersion } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { factorCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { queueMail } from "../mail/queue-mail.ts";
import { endSessions } from "../sessions/end-sessions.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { lockLiveSessions } from "../sessions/session-store.ts";
import { activateTotp as activate, lockTotp, replaceRecoveryCodes } from "./mfa-store.ts";
import { newRecoveryCodes, storedRecoveryCode } from "./recovery-codes.ts";
import { decryptTotpSecret, matchingStep } from "./totp.ts";

/**
 * AuthService.ActivateTotp. Ends the user's other sessions, because they were opened with a password alone.
 * Throws MFA_NOT_SET_UP, MFA_ALREADY_ACTIVE and UNAUTHENTICATED. Throws INVALID_MFA_CODE, which is audited
 * and counted as a failed second factor.
 */
export async function activateTotp(
  app: Auth,
  { code }: ActivateTotpRequest,
  call: Call,
): Promise<RecoveryCodes> {
  const caller = userOf(call);
  const { userId, sessionId } = caller;
  const now = app.clock.now();
  return await app.calls.apply(call, async (tx) => {
    const entry = { resource: `users/${userId}`, subjectIds: [userId] };
    const step = await evaluateAttempt(tx, factorCounters(app, userId), now, () =>
      firstStep(app, tx, { userId, code }),
    );
    if (step === undefined) {
      return failed(new ApiError("INVALID_MFA_CODE"), { ...entry, outcome: "FAILURE" });
    }
    const account = await lockSession(tx, caller, now);
    const recoveryCodes = newRecoveryCodes();
    activate(tx, userId, step, now);
    const stored = recoveryCodes.map((code) => storedRecoveryCode(app.proofs, userId, code));
    replaceRecoveryCodes(tx, userId, stored);
    raiseVersion(tx, userId);
    const sessionIds = await lockLiveSessions(tx, userId, now);
    endSessions(
      app,
      tx,
      sessionIds.filter((id) => id !== sessionId),
      now,
    );
    queueMail(app, tx, account, { template: "mfa-activated" });
    return changed({ recoveryCodes }, entry);
  });
}

/**
 * Returns the time step (RFC 6238) of a right code from the authenticator that is to be activated, and
 * undefined for a wrong code. Throws MFA_NOT_SET_UP, MFA_ALREADY_ACTIVE.
 */
async function firstStep(
  app: Auth,
  tx: Transaction,
  { userId, code }: { userId: string; code: string },
): Promise<number | undefined> {
  const totp = await lockTotp(tx, userId);
  if (!totp) throw new ApiError("MFA_NOT_SET_UP");
  if (totp.activateTime) throw new ApiError("MFA_ALREADY_ACTIVE");
  return matchingStep(decryptTotpSecret(app.cipher, userId, totp.secret), code, app.clock.now());
}
