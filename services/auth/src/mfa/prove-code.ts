import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Auth } from "../app.ts";
import { factorCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { isTotpActive } from "./mfa-store.ts";
import { useTotpCode } from "./use-totp-code.ts";

/**
 * Uses a code of a signed-in user, as a login does, and counts a wrong one. Throws MFA_NOT_ACTIVE.
 *
 * @returns whether it was right; if not, the transaction must be committed all the same
 */
export async function proveCode(app: Auth, tx: Transaction, userId: string, code: string): Promise<boolean> {
  if (!(await isTotpActive(tx, userId))) throw new ApiError("MFA_NOT_ACTIVE");
  const proof = await evaluateAttempt(tx, factorCounters(app, userId), app.clock.now(), () =>
    useTotpCode(app, tx, userId, code),
  );
  return proof === true;
}
