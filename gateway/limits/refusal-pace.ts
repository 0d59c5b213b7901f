/** Bound of each wait, so that clients still get a quick refusal. */
const MAX_WAIT_MS = 250;

/**
 * Spreads a burst of refusals over 250 ms: each waits one millisecond longer than the one before. Sent at
 * once, 192 refusals take 25 ms of CPU, which delays all other requests.
 */
export class RefusalPace {
  #waiting = 0;

  async wait(): Promise<void> {
    const waitMs = this.#waiting % MAX_WAIT_MS;
    this.#waiting += 1;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.#waiting -= 1;
  }
}
