import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { AttemptCounter } from "./attempt-counters.ts";
import { cleared, isLocked } from "./lockout-rules.ts";
import { lockCounters, saveCounter } from "./lockout-store.ts";

/**
 * Judges an attempt to prove one's identity, and counts it. Attempts that count for the same come one after the other,
 * so of many guesses at once no more are looked at than of as many in a row. What is right at a wrong time (during a
 * lock) is refused by the same statements as what is wrong.
 *
 * @param prove looks at what was shown; not called during a lock
 * @returns what `prove` gave; undefined for a failure, which the caller must commit
 */
export async function evaluateAttempt<T>(
  tx: Transaction,
  counted: AttemptCounter[],
  now: Date,
  prove: () => Promise<T | false | undefined>,
): Promise<T | undefined> {
  const counters = await lockCounters(tx, counted, now);
  const locked = counters.some((counter) => isLocked(counter, now));
  const proof = locked ? undefined : await prove();
  for (const [i, { id, policy, clearedBySuccess }] of counted.entries()) {
    const counter = counters[i]!;
    // During a lock the unchanged counter is saved, so that both refusals run the same statements.
    if (!proof) saveCounter(tx, id, locked ? counter : policy(counter, now));
    else if (clearedBySuccess && counter.failures > 0) saveCounter(tx, id, cleared(now));
  }
  return proof || undefined;
}
