import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { AttemptCounter } from "./attempt-counters.ts";
import { evaluateAttempt } from "./evaluate-attempt.ts";

/**
 * Counts an action that anybody may trigger, such as a mail. Concurrent calls are serialized, so no more of
 * them pass than of consecutive ones.
 *
 * @returns false once a counter has reached its limit
 */
export async function allowOnce(tx: Transaction, counters: AttemptCounter[], now: Date): Promise<boolean> {
  let isAllowed = false;
  await evaluateAttempt(tx, counters, now, async () => {
    isAllowed = true;
    // A failed attempt is counted.
    return false;
  });
  return isAllowed;
}
