import { NETWORKS_OF_A_SITE } from "@medconnect/platform/client-network.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { Client } from "./client-key.ts";

const WINDOW_S = 60;
/** How long Redis is left alone after it failed: one request a second pays for finding out, at most 100 ms. */
const RETRY_REDIS_MS = 1000;

/** Requests a minute by class; 0 is no limit. */
export interface RateLimits {
  auth: number;
  read: number;
  write: number;
  search: number;
}

interface Policy {
  /** The value of RateLimit-Policy. */
  readonly header: string;
  readonly name: string;
  readonly client: Counter;
  readonly site: Counter;
}

interface Counter {
  readonly quota: number;
  readonly redis: RateLimiterRedis;
  readonly memory: RateLimiterMemory;
}

/** Where a client stands. */
interface Standing {
  /** How many requests are left; below 0 once it is too many. */
  readonly left: number;
  readonly resetMs: number;
}

/**
 * Counts requests by class and client, in Redis for all gateways together. While Redis is away or frozen each gateway
 * counts for itself, so that logins stay limited. Keys hold a user id or an address, nothing else of a request.
 */
export class RateLimiter {
  readonly #policies: ReadonlyMap<RateClass, Policy>;
  #redisFailed = false;
  #retryAtMs = 0;

  constructor(redis: Redis, { auth, read, write, search }: RateLimits) {
    const policies: [RateClass, Policy][] = [
      [RateClass.AUTH, policy("auth", auth, redis)],
      [RateClass.READ, policy("read", read, redis)],
      [RateClass.WRITE, policy("write", write, redis)],
      [RateClass.SEARCH, policy("search", search, redis)],
    ];
    this.#policies = new Map(policies.filter(([, { client }]) => client.quota > 0));
  }

  /**
   * Counts one request of a client and tells it where it stands (draft-ietf-httpapi-ratelimit-headers-10).
   * Throws RATE_LIMITED.
   *
   * @param tell sets a header of the answer, whether the request is refused or not
   */
  async count(rate: RateClass, client: Client, tell: (name: string, value: string) => void): Promise<void> {
    const policy = this.#policies.get(rate);
    if (!policy) return;
    const { left, resetMs } = await this.#standingOf(policy, client);
    const resetS = Math.max(1, Math.ceil(resetMs / 1000));
    tell("RateLimit-Policy", policy.header);
    tell("RateLimit", `"${policy.name}";r=${Math.max(0, left)};t=${resetS}`);
    if (left < 0) throw new ApiError("RATE_LIMITED", { retryAfterMs: resetMs });
  }

  /** What is left to a client, or to its site where that is less. */
  async #standingOf({ client, site }: Policy, { key, siteKey }: Client): Promise<Standing> {
    const own = await this.#consume(client, key);
    // Once it is refused itself, it takes nothing from others.
    if (siteKey === undefined || own.left < 0) return own;
    const shared = await this.#consume(site, siteKey);
    return shared.left < own.left ? shared : own;
  }

  async #consume(counter: Counter, key: string): Promise<Standing> {
    const { consumedPoints, msBeforeNext } = await this.#count(counter, key);
    return { left: counter.quota - consumedPoints, resetMs: msBeforeNext };
  }

  async #count({ redis, memory }: Counter, client: string): Promise<RateLimiterRes> {
    if (this.#redisFailed) {
      if (Date.now() < this.#retryAtMs) return await consume(memory, client);
      // This request alone finds out whether Redis is back; the others go on without.
      this.#retryAtMs = Date.now() + RETRY_REDIS_MS;
    }
    try {
      const result = await consume(redis, client);
      this.#redisFailed = false;
      return result;
    } catch {
      this.#redisFailed = true;
      this.#retryAtMs = Date.now() + RETRY_REDIS_MS;
      return await consume(memory, client);
    }
  }
}

const policy = (name: string, quota: number, redis: Redis): Policy => ({
  name,
  header: `"${name}";q=${quota};w=${WINDOW_S}`,
  client: counter(name, quota, redis),
  site: counter(name, quota * NETWORKS_OF_A_SITE, redis),
});

function counter(name: string, quota: number, storeClient: Redis): Counter {
  const options = { points: quota, duration: WINDOW_S, keyPrefix: `medconnect:rate:${name}` };
  return {
    quota,
    redis: new RateLimiterRedis({ ...options, storeClient }),
    memory: new RateLimiterMemory(options),
  };
}

/** The library rejects with the same result where the quota is used up. */
async function consume(
  limiter: RateLimiterRedis | RateLimiterMemory,
  client: string,
): Promise<RateLimiterRes> {
  try {
    return await limiter.consume(client);
  } catch (thrown) {
    if (thrown instanceof RateLimiterRes) return thrown;
    throw thrown;
  }
}
