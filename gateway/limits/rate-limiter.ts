import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Client } from "@medconnect/platform/network/client.ts";
import { NETWORKS_OF_A_SITE } from "@medconnect/platform/network/client-network.ts";
import type { Redis } from "ioredis";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { LocalCounts, type WindowCount } from "./local-counts.ts";

const WINDOW_S = 60;
/**
 * Share of a limit that a gateway counts locally before it reports to Redis. A round trip to Redis costs more
 * than all other checks of most calls.
 */
const LOCAL_SHARE = 0.05;
/**
 * Maximum number of requests that a gateway counts before it reports them to Redis. A higher number would
 * save few round trips, but let clients exceed their limits by more requests.
 */
const MAX_LOCAL = 50;
/**
 * Time in ms for which Redis is not used after it failed. The first request after this time tries Redis
 * again, and waits at most 100 ms for an answer.
 */
const RETRY_REDIS_MS = 1000;

/** Requests per minute for one client, by quota; 0 means no limit. */
export interface RateLimits {
  auth: number;
  read: number;
  write: number;
  search: number;
  /** Calls with a valid token from one address, for all users at the address together. */
  address: number;
  /**
   * Calls from one address to methods that need no token. Public keys, webhooks and OPTIONS each have a
   * separate count.
   */
  open: number;
  /** Calls from one address without a valid token, and calls answered with 401. */
  anonymous: number;
}

export type QuotaName = keyof RateLimits;

/** A quota, and the client whose requests are counted towards it. */
export interface ClientQuota {
  readonly quota: QuotaName;
  readonly client: Client;
}

interface Policy {
  /** Item of the RateLimit-Policy header, such as `"read";q=600;w=60`. */
  readonly header: string;
  readonly name: string;
  readonly client: Counter;
  readonly site: Counter;
}

interface Counter {
  readonly limit: number;
  readonly local: LocalCounts;
  readonly redis: RateLimiterRedis;
  readonly memory: RateLimiterMemory;
}

interface QuotaState {
  /** Requests left in the window; negative beyond the limit. */
  readonly remaining: number;
  readonly resetMs: number;
}

type PolicyState = QuotaState & { readonly policy: Policy };

const isExceeded = ({ remaining }: QuotaState): boolean => remaining < 0;

/**
 * Limits requests by quota and client. Redis holds the counts of all gateways together.
 *
 * Each gateway counts up to 5 % of a limit (50 requests at most) before it reports to Redis, so a client can
 * exceed its limit by that number per gateway. Credential attempts are reported one by one.
 *
 * While Redis is down or frozen, each gateway counts on its own, so logins stay limited. Redis keys hold a
 * user id or an address, and nothing else from a request.
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
   * Counts one request and reports the remaining quotas (draft-ietf-httpapi-ratelimit-headers-11). The quota
   * `address` comes last, and counts the request only if no other quota is exceeded. So refused requests of
   * one caller do not use up the quota of other callers at the same address. Throws RATE_LIMITED.
   *
   * @param setHeader receives the RateLimit headers of the answer, also if the request is refused
   */
  async count(
    quotas: readonly ClientQuota[],
    setHeader: (name: string, value: string) => void,
  ): Promise<void> {
    const states = await this.#use(quotas.filter(({ quota }) => quota !== "address"));
    if (!states.some(isExceeded)) {
      states.push(...(await this.#use(quotas.filter(({ quota }) => quota === "address"))));
    }
    if (states.length === 0) return;
    setHeader("RateLimit-Policy", states.map(({ policy }) => policy.header).join(", "));
    setHeader("RateLimit", states.map(itemOf).join(", "));
    const exceeded = states.filter(isExceeded);
    if (exceeded.length === 0) return;
    throw new ApiError("RATE_LIMITED", {
      retryAfterMs: Math.max(...exceeded.map(({ resetMs }) => resetMs)),
      violatedPolicies: exceeded.map(({ policy }) => policy.name),
    });
  }

  /**
   * Counts a request that has already been answered, such as one with status 401. Never throws RATE_LIMITED.
   */
  async record({ quota, client }: ClientQuota): Promise<void> {
    const policy = this.#policies.get(quota);
    if (policy) await this.#useOne(policy, client);
  }

  /** Counts a request towards several quotas, concurrently. */
  async #use(quotas: readonly ClientQuota[]): Promise<PolicyState[]> {
    const limited = quotas.flatMap(({ quota, client }) => {
      const policy = this.#policies.get(quota);
      return policy ? [{ policy, client }] : [];
    });
    return await Promise.all(
      limited.map(async ({ policy, client }) => ({ policy, ...(await this.#useOne(policy, client)) })),
    );
  }

  /**
   * Counts a request towards the limit of its client, and towards the limit of the client's group
   * (`siteKey`), such as an IPv6 /48. Returns the state of the limit that has fewer requests left.
   */
  async #useOne({ client, site }: Policy, { key, siteKey }: Client): Promise<QuotaState> {
    const own = await this.#consume(client, key);
    // A client over its limit is not counted for its group, so that one client cannot use up the quota of the
    // whole group.
    if (siteKey === undefined || isExceeded(own)) return own;
    const shared = await this.#consume(site, siteKey);
    return shared.remaining < own.remaining ? shared : own;
  }

  async #consume(counter: Counter, key: string): Promise<QuotaState> {
    const { consumed, resetMs } = counter.local.count(key, Date.now()) ?? (await this.#report(counter, key));
    return { remaining: counter.limit - consumed, resetMs };
  }

  /** Adds the local count to the count in Redis, and stores the sum over all gateways locally. */
  async #report(counter: Counter, key: string): Promise<WindowCount> {
    const points = counter.local.takeUnreported(key, Date.now());
    const { consumedPoints, msBeforeNext } = await this.#consumePoints(counter, key, points);
    const count = { consumed: consumedPoints, resetMs: msBeforeNext };
    counter.local.update(key, count, Date.now());
    return count;
  }

  async #consumePoints({ redis, memory }: Counter, key: string, points: number): Promise<RateLimiterRes> {
    if (this.#redisFailed) {
      if (Date.now() < this.#retryAtMs) return await consume(memory, key, points);
      // Only this request tries Redis. Concurrent requests are counted in memory until Redis answers.
      this.#retryAtMs = Date.now() + RETRY_REDIS_MS;
    }
    try {
      const result = await consume(redis, key, points);
      this.#redisFailed = false;
      return result;
    } catch {
      this.#redisFailed = true;
      this.#retryAtMs = Date.now() + RETRY_REDIS_MS;
      return await consume(memory, key, points);
    }
  }
}

/**
 * Item of the RateLimit header, such as `"read";r=599;t=60`: requests left, and seconds until the window
 * ends.
 */
const itemOf = ({ policy, remaining, resetMs }: PolicyState): string =>
  `"${policy.name}";r=${Math.max(0, remaining)};t=${Math.max(1, Math.ceil(resetMs / 1000))}`;

const policy = (name: string, limit: number, redis: Redis): Policy => ({
  name,
  header: `"${name}";q=${limit};w=${WINDOW_S}`,
  client: counter(name, limit, redis),
  site: counter(name, limit * NETWORKS_OF_A_SITE, redis),
});

function counter(name: string, limit: number, storeClient: Redis): Counter {
  const options = { points: limit, duration: WINDOW_S, keyPrefix: `medconnect:rate:${name}` };
  return {
    limit,
    // Credential attempts are reported one by one, because each may be a guess at a password.
    local: new LocalCounts(name === "auth" ? 0 : Math.min(MAX_LOCAL, Math.floor(limit * LOCAL_SHARE))),
    redis: new RateLimiterRedis({ ...options, storeClient }),
    memory: new RateLimiterMemory(options),
  };
}

/**
 * Counts `points` requests and returns the new count. Beyond the limit, the library throws the count as an
 * error. This function catches that error and returns the count.
 */
async function consume(
  limiter: RateLimiterRedis | RateLimiterMemory,
  key: string,
  points: number,
): Promise<RateLimiterRes> {
  try {
    return await limiter.consume(key, points);
  } catch (thrown) {
    if (thrown instanceof RateLimiterRes) return thrown;
    throw thrown;
  }
}
