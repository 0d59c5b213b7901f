import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Auth } from "../app.ts";
import { factorCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { isTotpActive } from "./mfa-store.ts";
import { useTotpCode } from "./totp.ts";

/**
 * Consumes a code from a signed-in user's authenticator. Counts a wrong code as a failed second factor, like
 * at login. Throws MFA_NOT_ACTIVE.
 *
 * @returns false for a wrong code; the caller must then commit the transaction, which has counted the code
 */
export async function proveCode(app: Auth, tx: Transaction, userId: string, code: string): Promise<boolean> {
  if (!(await isTotpActive(tx, userId))) throw new ApiError("MFA_NOT_ACTIVE");
  const proof = await evaluateAttempt(tx, factorCounters(app, userId), app.clock.now(), () =>
    useTotpCode(app, tx, userId, code),
  );
  return proof === true;
}
