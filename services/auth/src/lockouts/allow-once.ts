import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { AttemptCounter } from "./attempt-counters.ts";
import { evaluateAttempt } from "./evaluate-attempt.ts";

/**
 * Counts an action that anybody may trigger, such as a mail to an address, and allows it up to a limit.
 * Concurrent calls run one after the other, so together they cannot exceed the limit.
 *
 * @returns false once a counter has reached its limit
 */
export async function allowOnce(tx: Transaction, counters: AttemptCounter[], now: Date): Promise<boolean> {
  let isAllowed = false;
  await evaluateAttempt(tx, counters, now, async () => {
    isAllowed = true;
    // `evaluateAttempt` counts only failures, so the action is reported to it as a failed attempt.
    return false;
  });
  return isAllowed;
}
