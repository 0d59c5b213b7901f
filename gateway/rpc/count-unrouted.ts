import type { IncomingMessage } from "node:http";
import type { Identity } from "@medconnect/platform/grpc/access.ts";
import { byAddress } from "@medconnect/platform/network/client.ts";
import type { GatewayResponse } from "../http/gateway-response.ts";
import { anonymousQuota, unroutedQuotas } from "../limits/quotas.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import { callerOfToken } from "./identify.ts";

export interface UnroutedLimits {
  limiter: RateLimiter;
  identity: Identity;
}

/**
 * Counts a request that calls no RPC: an unknown path or method, OPTIONS, documentation, or invalid syntax.
 * Throws RATE_LIMITED.
 */
export async function countUnrouted(
  { limiter, identity }: UnroutedLimits,
  request: IncomingMessage,
  response: GatewayResponse,
): Promise<void> {
  const caller = await callerOfToken(request, identity);
  const { locals } = response;
  await limiter.count(unroutedQuotas(request.method ?? "", caller, locals), (name, value) =>
    locals.headers.push(name, value),
  );
}

/**
 * Counts a request that the HTTP parser refused. The headers of the request are unknown, so it counts as a
 * request without a token. Throws RATE_LIMITED.
 */
export const countRefused =
  (limiter: RateLimiter) =>
  (address: string): Promise<void> =>
    limiter.count([anonymousQuota(byAddress(address))], () => {});
