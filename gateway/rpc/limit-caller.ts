import type { Method } from "@medconnect/platform/contract/methods.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import type { CallerLimit } from "@medconnect/platform/network/caller-limit.ts";
import type { GatewayResponse } from "../http/gateway-response.ts";
import { quotasOf } from "../limits/quotas.ts";
import type { ClientQuota, RateLimiter } from "../limits/rate-limiter.ts";

export interface CallerLimits {
  limiter: RateLimiter;
  /** Limits the concurrent requests of each client. */
  callers: CallerLimit;
}

/**
 * Counts a request for its client. Throws TOO_MANY_CONCURRENT_REQUESTS, RATE_LIMITED.
 *
 * @param caller undefined if the token was refused
 * @returns the quotas that the request has been counted towards
 */
export async function limitCaller(
  { limiter, callers }: CallerLimits,
  method: Method,
  caller: Caller | undefined,
  response: GatewayResponse,
): Promise<readonly ClientQuota[]> {
  const { locals } = response;
  // First limits concurrent requests, because that needs no round trip to Redis, and refuses most of a burst.
  response.once("close", callers.enter(method, caller, locals.address));
  const quotas = quotasOf(method, caller, locals);
  await limiter.count(quotas, (name, value) => locals.headers.push(name, value));
  return quotas;
}
