import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Auth } from "../app.ts";
import { consumeRecoveryCode, hasRecoveryCode } from "./mfa-store.ts";
import { storedRecoveryCode } from "./recovery-codes.ts";

/** Consumes a recovery code. @returns true if the code was unused, and auth had issued it to this user */
export async function useRecoveryCode(
  app: Auth,
  tx: Transaction,
  userId: string,
  typed: string,
): Promise<boolean> {
  const code = storedRecoveryCode(app.proofs, userId, typed);
  if (await consumeRecoveryCode(tx, userId, code)) return true;
  if (await hasRecoveryCode(tx, userId, code.hash)) {
    app.proofs.refuse("mfa_recovery_codes", `users/${userId}`);
  }
  return false;
}
