import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { AttemptCounter } from "./attempt-counters.ts";
import { cleared, isLocked } from "./lockout-rules.ts";
import { lockCounters, saveCounter } from "./lockout-store.ts";

/**
 * Checks a credential, unless a counter is locked, and counts a failure. Attempts with a common counter run
 * one after the other, so concurrent guesses get no more tries than consecutive ones. During a lock, a right
 * credential is refused with the same SQL statements as a wrong one, so that the response time does not tell
 * them apart.
 *
 * @param prove verifies the credential; not called during a lock
 * @returns the result of `prove`; undefined for a failure, which is counted only if the caller commits the
 *   transaction
 */
export async function evaluateAttempt<T>(
  tx: Transaction,
  attemptCounters: AttemptCounter[],
  now: Date,
  prove: () => Promise<T | false | undefined>,
): Promise<T | undefined> {
  const counters = await lockCounters(tx, attemptCounters, now);
  const locked = counters.some(({ state }) => isLocked(state, now));
  const proof = locked ? undefined : await prove();
  for (const { id, policy, clearedBySuccess, state } of counters) {
    // During a lock the counter is saved unchanged. So a refusal without a check runs the same statements as
    // a refusal after a check.
    if (!proof) saveCounter(tx, id, locked ? state : policy(state, now));
    else if (clearedBySuccess && state.failures > 0) saveCounter(tx, id, cleared(now));
  }
  return proof || undefined;
}
