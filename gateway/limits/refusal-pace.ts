/** Waits are shorter, in ms: a refusal is still quick. */
const MAX_WAIT_MS = 250;

/**
 * Spreads the refusals of a burst over a quarter of a second: each waits a millisecond longer than the one before. At once, 192
 * refusals take the gateway 25 ms of CPU, in which it answers nobody else.
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
