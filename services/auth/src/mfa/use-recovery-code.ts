import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Auth } from "../app.ts";
import { burnRecoveryCode, hasRecoveryCode } from "./mfa-store.ts";
import { keptRecoveryCode } from "./recovery-codes.ts";

/** Uses up a recovery code. @returns true if it was right and auth wrote it for this user */
export async function useRecoveryCode(
  app: Auth,
  tx: Transaction,
  userId: string,
  code: string,
): Promise<boolean> {
  const kept = keptRecoveryCode(app.proofs, userId, code);
  if (await burnRecoveryCode(tx, userId, kept)) return true;
  if (await hasRecoveryCode(tx, userId, kept.hash)) {
    app.proofs.refuse("mfa_recovery_codes", `users/${userId}`);
  }
  return false;
}
