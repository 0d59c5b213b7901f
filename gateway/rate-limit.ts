import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

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
  readonly quota: number;
  /** The value of RateLimit-Policy. */
  readonly header: string;
  readonly name: string;
  readonly redis: RateLimiterRedis;
  readonly memory: RateLimiterMemory;
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
    this.#policies = new Map(policies.filter(([, { quota }]) => quota > 0));
  }

  /**
   * Counts one request of a client and tells it where it stands (draft-ietf-httpapi-ratelimit-headers-10).
   * Throws RATE_LIMITED.
   *
   * @param tell sets a header of the answer, whether the request is refused or not
   */
  async count(rate: RateClass, client: string, tell: (name: string, value: string) => void): Promise<void> {
    const policy = this.#policies.get(rate);
    if (!policy) return;
    const { consumedPoints, remainingPoints, msBeforeNext } = await this.#consume(policy, client);
    const resetS = Math.max(1, Math.ceil(msBeforeNext / 1000));
    tell("RateLimit-Policy", policy.header);
    tell("RateLimit", `"${policy.name}";r=${remainingPoints};t=${resetS}`);
    if (consumedPoints > policy.quota) throw new ApiError("RATE_LIMITED", { retryAfterMs: msBeforeNext });
  }

  async #consume({ redis, memory }: Policy, client: string): Promise<RateLimiterRes> {
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

function policy(name: string, quota: number, storeClient: Redis): Policy {
  const options = { points: quota, duration: WINDOW_S, keyPrefix: `medconnect:rate:${name}` };
  return {
    name,
    quota,
    header: `"${name}";q=${quota};w=${WINDOW_S}`,
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
