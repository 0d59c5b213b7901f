import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Client } from "@medconnect/platform/network/client.ts";
import { NETWORKS_OF_A_SITE } from "@medconnect/platform/network/client-network.ts";
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { LocalCounts, type WindowCount } from "./local-counts.ts";

const WINDOW_S = 60;
/** Share of a quota that a gateway may count for itself, as a round trip to Redis costs more than most calls' own checks. */
const LOCAL_SHARE = 0.05;
/** More would save nothing, and let more past a high limit. */
const MAX_LOCAL = 50;
/** How long Redis is left alone after it failed: one request a second pays for finding out, at most 100 ms. */
const RETRY_REDIS_MS = 1000;

/** Requests a minute; 0 is no limit. */
export interface RateLimits {
  auth: number;
  read: number;
  write: number;
  search: number;
  /** Calls with a valid token from one address, of all its users together. */
  address: number;
  /** Calls from one address that need no token: a separate quota each for public keys, webhooks and OPTIONS. */
  open: number;
  /** Calls from one address without a valid token, and answers 401. */
  anonymous: number;
}

export type QuotaName = keyof RateLimits;

/** A quota that a request counts against, and the client it belongs to. */
export interface Count {
  readonly quota: QuotaName;
  readonly client: Client;
}

interface Policy {
  /** The item of RateLimit-Policy. */
  readonly header: string;
  readonly name: string;
  readonly client: Counter;
  readonly site: Counter;
}

interface Counter {
  readonly quota: number;
  readonly local: LocalCounts;
  readonly redis: RateLimiterRedis;
  readonly memory: RateLimiterMemory;
}

/** Where a client stands. */
interface Standing {
  /** How many requests are left; below 0 once it is too many. */
  readonly left: number;
  readonly resetMs: number;
}

type PolicyStanding = Standing & { readonly policy: Policy };

const isRefused = ({ left }: Standing): boolean => left < 0;

/**
 * Counts requests by quota and client, in Redis for all gateways together. Each tells it of a client's requests in
 * twentieths of the quota, 50 at most, so a client gets past its limit by no more than that for each gateway. Attempts to
 * sign in are told one by one. While Redis is away or frozen each gateway counts for itself, so that logins stay limited.
 * Keys hold a user id or an address, nothing else of a request.
 */
export class RateLimiter {
  readonly #policies: ReadonlyMap<QuotaName, Policy>;
  #redisFailed = false;
  #retryAtMs = 0;

  constructor(redis: Redis, limits: RateLimits) {
    const names = Object.keys(limits) as QuotaName[];
    this.#policies = new Map(
      names.filter((name) => limits[name] > 0).map((name) => [name, policy(name, limits[name], redis)]),
    );
  }

  /**
   * Counts one request and reports the rest of each quota (draft-ietf-httpapi-ratelimit-headers-10). The address is
   * counted last, and only if no narrower quota refuses, so refused requests of one caller cost its neighbours nothing.
   * Throws RATE_LIMITED.
   *
   * @param tell sets a header of the answer, whether the request is refused or not
   */
  async count(counts: readonly Count[], tell: (name: string, value: string) => void): Promise<void> {
    const standings = await this.#standingsOf(counts.filter(({ quota }) => quota !== "address"));
    if (!standings.some(isRefused)) {
      standings.push(...(await this.#standingsOf(counts.filter(({ quota }) => quota === "address"))));
    }
    if (standings.length === 0) return;
    tell("RateLimit-Policy", standings.map(({ policy }) => policy.header).join(", "));
    tell("RateLimit", standings.map(itemOf).join(", "));
    const refused = standings.filter(isRefused);
    if (refused.length === 0) return;
    throw new ApiError("RATE_LIMITED", { retryAfterMs: Math.max(...refused.map(({ resetMs }) => resetMs)) });
  }

  /** Counts a request that has been answered already; never refuses. */
  async note({ quota, client }: Count): Promise<void> {
    const policy = this.#policies.get(quota);
    if (policy) await this.#standingOf(policy, client);
  }

  /** Counts against these quotas at once, in one round trip. */
  async #standingsOf(counts: readonly Count[]): Promise<PolicyStanding[]> {
    const limited = counts.flatMap(({ quota, client }) => {
      const policy = this.#policies.get(quota);
      return policy ? [{ policy, client }] : [];
    });
    return await Promise.all(
      limited.map(async ({ policy, client }) => ({ policy, ...(await this.#standingOf(policy, client)) })),
    );
  }

  /** Rest of the quota of a client or its site, whichever is less. */
  async #standingOf({ client, site }: Policy, { key, siteKey }: Client): Promise<Standing> {
    const own = await this.#consume(client, key);
    // Once it is refused itself, it takes nothing from others.
    if (siteKey === undefined || own.left < 0) return own;
    const shared = await this.#consume(site, siteKey);
    return shared.left < own.left ? shared : own;
  }

  async #consume(counter: Counter, key: string): Promise<Standing> {
    const { consumed, resetMs } = counter.local.count(key, Date.now()) ?? (await this.#tell(counter, key));
    return { left: counter.quota - consumed, resetMs };
  }

  /** Tells Redis of the requests that it does not know of, and counts those of the other gateways in. */
  async #tell(counter: Counter, key: string): Promise<WindowCount> {
    const points = counter.local.take(key, Date.now());
    const { consumedPoints, msBeforeNext } = await this.#count(counter, key, points);
    const count = { consumed: consumedPoints, resetMs: msBeforeNext };
    counter.local.learn(key, count, Date.now());
    return count;
  }

  async #count({ redis, memory }: Counter, client: string, points: number): Promise<RateLimiterRes> {
    if (this.#redisFailed) {
      if (Date.now() < this.#retryAtMs) return await consume(memory, client, points);
      // This request alone finds out whether Redis is back; the others go on without.
      this.#retryAtMs = Date.now() + RETRY_REDIS_MS;
    }
    try {
      const result = await consume(redis, client, points);
      this.#redisFailed = false;
      return result;
    } catch {
      this.#redisFailed = true;
      this.#retryAtMs = Date.now() + RETRY_REDIS_MS;
      return await consume(memory, client, points);
    }
  }
}

const itemOf = ({ policy, left, resetMs }: PolicyStanding): string =>
  `"${policy.name}";r=${Math.max(0, left)};t=${Math.max(1, Math.ceil(resetMs / 1000))}`;

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
    // Attempts to sign in are counted exactly: each may be a guess at a password.
    local: new LocalCounts(name === "auth" ? 0 : Math.min(MAX_LOCAL, Math.floor(quota * LOCAL_SHARE))),
    redis: new RateLimiterRedis({ ...options, storeClient }),
    memory: new RateLimiterMemory(options),
  };
}

/** The library rejects with the same result where the quota is used up. */
async function consume(
  limiter: RateLimiterRedis | RateLimiterMemory,
  client: string,
  points: number,
): Promise<RateLimiterRes> {
  try {
    return await limiter.consume(client, points);
  } catch (thrown) {
    if (thrown instanceof RateLimiterRes) return thrown;
    throw thrown;
  }
}
