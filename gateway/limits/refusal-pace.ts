/** Maximum delay of a refusal in ms, so that clients still get a quick answer. */
const MAX_WAIT_MS = 250;

/**
 * Spreads a burst of refusals over up to 250 ms: each refusal waits one millisecond longer than the one
 * before. If 192 refusals were sent at once, they would take 25 ms of CPU and delay all other requests.
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
