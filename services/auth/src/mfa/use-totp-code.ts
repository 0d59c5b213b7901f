import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Auth } from "../app.ts";
import { lockTotp, takeStep } from "./mfa-store.ts";
import { matchingStep } from "./totp.ts";
import { openTotpSecret } from "./totp-secret.ts";

/** Uses a code of the active authenticator. @returns whether it was right, and not used before */
export async function useTotpCode(
  app: Auth,
  tx: Transaction,
  userId: string,
  code: string,
): Promise<boolean> {
  const totp = await lockTotp(tx, userId);
  if (!totp?.activateTime) return false;
  const step = matchingStep(openTotpSecret(app.cipher, userId, totp.secret), code, app.clock.now());
  return step !== undefined && (await takeStep(tx, userId, step));
}
