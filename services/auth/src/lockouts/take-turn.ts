import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Counted } from "./counted.ts";
import { judgeAttempt } from "./judge-attempt.ts";

/**
 * Counts something that anybody can bring about, unless it has come too often already.
 *
 * @returns whether it may: of many at once, as many may as of so many in a row
 */
export async function takeTurn(tx: Transaction, counted: Counted[], now: Date): Promise<boolean> {
  let isDue = false;
  await judgeAttempt(tx, counted, now, async () => {
    isDue = true;
    // Each turn counts.
    return false;
  });
  return isDue;
}
