import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 25;
/**
 * Default maximum wait. It is below the time-out of a test, but far above any expected time, even on a busy
 * machine.
 */
const WITHIN_MS = 60_000;

/**
 * Calls `ask` repeatedly until the predicate accepts the answer.
 *
 * @returns the accepted answer
 * @throws after `withinMs`, with the last answer. After that time, `ask` is called once more, so that one
 * slow answer does not cause a failure.
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
    if (isLate) throw new Error(`Not within ${withinMs} ms; the last answer was ${JSON.stringify(answer)}.`);
    await delay(POLL_MS);
  }
}
