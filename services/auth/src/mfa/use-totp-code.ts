import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Auth } from "../app.ts";
import { consumeStep, lockTotp } from "./mfa-store.ts";
import { decryptTotpSecret, matchingStep } from "./totp.ts";

/** Consumes a code from the active authenticator. @returns true if the code was right and unused */
export async function useTotpCode(
  app: Auth,
  tx: Transaction,
  userId: string,
  code: string,
): Promise<boolean> {
  const totp = await lockTotp(tx, userId);
  if (!totp?.activateTime) return false;
  const step = matchingStep(decryptTotpSecret(app.cipher, userId, totp.secret), code, app.clock.now());
  return step !== undefined && (await consumeStep(tx, userId, step));
}
