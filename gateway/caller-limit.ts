import type { ServerResponse } from "node:http";
import { NETWORKS_OF_A_SITE } from "@medconnect/platform/client-network.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Client } from "./client-key.ts";

const RETRY_AFTER_MS = 1000;

/**
 * Bounds the requests of each client that run at once. A client beyond its bound is refused at once, so that one burst
 * takes no time from others. Each gateway counts for itself, and holds only clients with a running request.
 */
export class CallerLimit {
  readonly #max: number;
  readonly #running = new Map<string, number>();

  /** @param max requests of one client at once; 0: no limit */
  constructor(max: number) {
    this.#max = max;
  }

  /** Clients with a running request. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Counts a request until its response closes: after it was sent, or when the client aborts.
   * Throws TOO_MANY_CONCURRENT_REQUESTS.
   *
   * @param cost number of requests that it counts as; at most the limit
   */
  enter({ key, siteKey }: Client, cost: number, response: ServerResponse): void {
    if (this.#max === 0) return;
    const places = Math.min(cost, this.#max);
    this.#assertRoom(key, this.#max - places);
    if (siteKey !== undefined) this.#assertRoom(siteKey, this.#max * NETWORKS_OF_A_SITE - places);
    const keys = siteKey === undefined ? [key] : [key, siteKey];
    for (const each of keys) this.#running.set(each, this.#of(each) + places);
    response.once("close", () => {
      for (const each of keys) this.#leave(each, places);
    });
  }

  #of(key: string): number {
    return this.#running.get(key) ?? 0;
  }

  #assertRoom(key: string, most: number): void {
    if (this.#of(key) <= most) return;
    throw new ApiError("TOO_MANY_CONCURRENT_REQUESTS", {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }

  #leave(key: string, places: number): void {
    const left = this.#of(key) - places;
    if (left === 0) this.#running.delete(key);
    else this.#running.set(key, left);
  }
}
