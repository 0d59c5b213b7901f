import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Method } from "../contract/methods.ts";
import { ApiError } from "../errors/api-error.ts";
import { ANONYMOUS, type Caller } from "../identity/caller.ts";
import { byAddress, type Client, clientOf } from "./client.ts";
import { NETWORKS_OF_A_SITE } from "./client-network.ts";

const RETRY_AFTER_MS = 1000;
/**
 * A call of rate class SEARCH is counted as this many calls, because it reads 100 doctors or calls all
 * services.
 */
const COST_OF_A_SEARCH = 4;

/**
 * Limits the concurrent calls of each client. Refuses further calls at once, so that a burst of one client
 * does not slow down others. Each process counts separately, and only remembers clients with a running call.
 */
export class CallerLimit {
  readonly #max: number;
  readonly #running = new Map<string, number>();

  /** @param max concurrent calls of one client; 0 means no limit */
  constructor(max: number) {
    this.#max = max;
  }

  /** Number of clients with a running call. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Counts a running call until the returned function is called. Throws TOO_MANY_CONCURRENT_REQUESTS if the
   * client has reached its limit.
   *
   * @param caller undefined if the token was refused
   */
  enter(method: Method, caller: Caller | undefined, address: string): () => void {
    if (this.#max === 0) return () => {};
    const { key, siteKey } = boundedClient(method, caller, address);
    const places = Math.min(costOf(method), this.#max);
    this.#assertRoom(key, this.#max - places);
    if (siteKey !== undefined) this.#assertRoom(siteKey, this.#max * NETWORKS_OF_A_SITE - places);
    const keys = siteKey === undefined ? [key] : [key, siteKey];
    for (const each of keys) this.#running.set(each, this.#of(each) + places);
    return () => {
      for (const each of keys) this.#leave(each, places);
    };
  }

  #of(key: string): number {
    return this.#running.get(key) ?? 0;
  }

  #assertRoom(key: string, most: number): void {
    if (this.#of(key) <= most) return;
    throw new ApiError("TOO_MANY_CONCURRENT_REQUESTS", {
      retryAfterMs: RETRY_AFTER_MS,
      violatedPolicies: ["concurrent"],
    });
  }

  #leave(key: string, places: number): void {
    const left = this.#of(key) - places;
    if (left === 0) this.#running.delete(key);
    else this.#running.set(key, left);
  }
}

/**
 * Client to whose limit a call is counted. Calls of methods without a rate limit, such as public keys and
 * webhooks, are counted by method and address, as in the quotas of the gateway.
 */
const boundedClient = ({ name, rules }: Method, caller: Caller | undefined, address: string): Client =>
  rules.rate === RateClass.UNLIMITED ? byAddress(address, name) : clientOf(caller ?? ANONYMOUS, address);

/** Number of calls that one call of this method is counted as. */
const costOf = ({ rules }: Method): number => (rules.rate === RateClass.SEARCH ? COST_OF_A_SEARCH : 1);
