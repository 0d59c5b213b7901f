import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { ApiError } from "../errors/api-error.ts";
import { NETWORKS_OF_A_SITE, networkOf, siteOf } from "../network/client-network.ts";

const WINDOW_S = 60;

/**
 * Limits the credential attempts, such as logins, from each network: an IPv4 address or an IPv6 /64. The
 * whole IPv6 site (/48) has a larger limit. Applies only to calls that bypass the gateway, because the
 * gateway has its own limit. Account locks alone do not stop guesses that are spread over many accounts. Each
 * process counts separately.
 */
export class CredentialLimit {
  readonly #byNetwork: RateLimiterMemory | undefined;
  readonly #bySite: RateLimiterMemory | undefined;

  /** @param quota attempts per minute and network; 0 = unlimited */
  constructor(quota: number) {
    if (quota === 0) return;
    this.#byNetwork = new RateLimiterMemory({ points: quota, duration: WINDOW_S });
    this.#bySite = new RateLimiterMemory({ points: quota * NETWORKS_OF_A_SITE, duration: WINDOW_S });
  }

  /** Counts an attempt from an address. Throws RATE_LIMITED if its network or site has reached the limit. */
  async count(address: string): Promise<void> {
    const site = siteOf(address);
    try {
      await this.#byNetwork?.consume(networkOf(address));
      if (site !== undefined) await this.#bySite?.consume(site);
    } catch (thrown) {
      if (!(thrown instanceof RateLimiterRes)) throw thrown;
      throw new ApiError("RATE_LIMITED", { retryAfterMs: thrown.msBeforeNext });
    }
  }
}
