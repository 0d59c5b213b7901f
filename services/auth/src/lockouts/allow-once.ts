import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { AttemptCounter } from "./attempt-counters.ts";
import { evaluateAttempt } from "./evaluate-attempt.ts";

/**
 * Counts something that anybody can bring about, unless it has come too often already.
 *
 * @returns whether it may: of many at once, as many may as of so many in a row
 */
export async function allowOnce(tx: Transaction, counted: AttemptCounter[], now: Date): Promise<boolean> {
  let isDue = false;
  await evaluateAttempt(tx, counted, now, async () => {
    isDue = true;
    // Each turn counts.
    return false;
  });
  return isDue;
}
