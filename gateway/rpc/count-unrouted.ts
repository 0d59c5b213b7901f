import type { IncomingMessage } from "node:http";
import { type Identity, signedIn } from "@medconnect/platform/grpc/access.ts";
import { ANONYMOUS, type Caller } from "@medconnect/platform/identity/caller.ts";
import type { GatewayResponse } from "../http/gateway-response.ts";
import { unknownCaller, unroutedCounts } from "../limits/quotas.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";

/**
 * Counts a request to no RPC: an unknown path or method, OPTIONS, the documentation, broken syntax.
 * Throws RATE_LIMITED.
 */
export async function countUnrouted(
  { limiter, identity }: { limiter: RateLimiter; identity: Identity },
  request: IncomingMessage,
  response: GatewayResponse,
): Promise<void> {
  const sender = await senderOf(request, identity);
  await limiter.count(unroutedCounts(request.method ?? "", sender, response.locals.address), (name, value) =>
    response.locals.headers.push(name, value),
  );
}

/** Counts a request that the HTTP parser refused, so its headers are unknown. Throws RATE_LIMITED. */
export const countRefused =
  (limiter: RateLimiter) =>
  (address: string): Promise<void> =>
    limiter.count([unknownCaller(address)], () => {});

/** The caller of a request's token, for a request that needs none. */
export async function senderOf({ headers }: IncomingMessage, identity: Identity): Promise<Caller> {
  if (!headers.authorization) return ANONYMOUS;
  return await signedIn(headers.authorization, identity).catch(() => ANONYMOUS);
}
