/** The longest wait, in ms: a refusal is still quick. */
const MAX_WAIT_MS = 250;

/**
 * Spreads the refusals of a burst over time: each waits a millisecond for every other that waits already. To refuse 192 of
 * one account's 200 searches took the gateway 20 ms without a pause, and the bookings of that moment three times as long.
 */
export class RefusalPace {
  #waiting = 0;

  async wait(): Promise<void> {
    const waitMs = Math.min(this.#waiting, MAX_WAIT_MS);
    this.#waiting += 1;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.#waiting -= 1;
  }
}
