import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { networkOf } from "../client-network.ts";
import { ApiError } from "../errors/api-error.ts";

const WINDOW_S = 60;

/**
 * Limits how often who calls without the gateway, which has a limit of its own, may try credentials: an account's lock-out
 * says nothing about guesses that are spread over many accounts. Each process counts for itself.
 */
export class CredentialLimit {
  readonly #limiter: RateLimiterMemory | undefined;

  /** @param quota a minute and network; 0 is no limit */
  constructor(quota: number) {
    this.#limiter = quota > 0 ? new RateLimiterMemory({ points: quota, duration: WINDOW_S }) : undefined;
  }

  /** Counts a call from an address. Throws RATE_LIMITED. */
  async count(address: string): Promise<void> {
    try {
      await this.#limiter?.consume(networkOf(address));
    } catch (thrown) {
      if (!(thrown instanceof RateLimiterRes)) throw thrown;
      throw new ApiError("RATE_LIMITED", { retryAfterMs: thrown.msBeforeNext });
    }
  }
}
