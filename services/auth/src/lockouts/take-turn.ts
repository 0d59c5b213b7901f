import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Counted } from "./counted.ts";
import { isLocked } from "./lockout-rules.ts";
import { lockCounters, saveCounter } from "./lockout-store.ts";

/**
 * Counts something that anybody can bring about, unless it has come too often already.
 *
 * @returns whether it may: of many at once, as many may as of so many in a row
 */
export async function takeTurn(tx: Transaction, counted: Counted[], now: Date): Promise<boolean> {
  const counters = await lockCounters(
    tx,
    counted.map(({ id }) => id),
    now,
  );
  const isDue = !counters.some((counter) => isLocked(counter, now));
  for (const [i, { id, policy }] of counted.entries()) {
    const counter = counters[i]!;
    saveCounter(tx, id, isDue ? policy(counter, now) : counter);
  }
  return isDue;
}
