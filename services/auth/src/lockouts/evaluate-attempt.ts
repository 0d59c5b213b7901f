import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { AttemptCounter } from "./attempt-counters.ts";
import { cleared, isLocked } from "./lockout-rules.ts";
import { lockCounters, saveCounter } from "./lockout-store.ts";

/**
 * Evaluates an attempt to prove an identity, and counts it. Attempts with a common counter are serialized, so
 * concurrent guesses get no more tries than consecutive ones. During a lock, a right proof is refused with
 * the same SQL statements as a wrong one, so that the response time does not tell them apart.
 *
 * @param prove verifies the credential; not called during a lock
 * @returns the result of `prove`; undefined for a failure, which the caller must commit
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
    // During a lock the counter is saved unchanged, so that a refusal without a check runs the same
    // statements as a refusal after one.
    if (!proof) saveCounter(tx, id, locked ? state : policy(state, now));
    else if (clearedBySuccess && state.failures > 0) saveCounter(tx, id, cleared(now));
  }
  return proof || undefined;
}
