import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 25;
/** Below a test's time-out, and far above the time of any outcome, even on a busy machine. */
const WITHIN_MS = 60_000;

/**
 * Asks again and again until the answer is as hoped for.
 *
 * @returns the first answer that is
 * @throws with the last answer, if it was asked for after `withinMs`; a slow answer to an earlier question proves nothing
 */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  isAsHoped: (answer: T) => boolean,
  withinMs = WITHIN_MS,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const isLate = Date.now() > deadline;
    const answer = await ask();
    if (isAsHoped(answer)) return answer;
    if (isLate) throw new Error(`not within ${withinMs} ms; the last answer was ${JSON.stringify(answer)}`);
    await delay(POLL_MS);
  }
}
