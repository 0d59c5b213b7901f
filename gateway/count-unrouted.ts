import { type Identity, signedIn } from "@medconnect/platform/grpc/access.ts";
import { ANONYMOUS, type Caller } from "@medconnect/platform/identity/caller.ts";
import type { Request } from "express";
import { addressOf, unknownCaller, unroutedCounts } from "./client-key.ts";
import type { GatewayResponse } from "./observe.ts";
import type { RateLimiter } from "./rate-limit.ts";

/**
 * Counts a request that is for no RPC: an unknown path or method, OPTIONS, the documentation, broken syntax.
 * Throws RATE_LIMITED.
 */
export async function countUnrouted(
  { limiter, identity }: { limiter: RateLimiter; identity: Identity },
  request: Request,
  response: GatewayResponse,
): Promise<void> {
  const sender = await senderOf(request, identity);
  await limiter.count(unroutedCounts(request.method, sender, addressOf(request)), (name, value) =>
    response.setHeader(name, value),
  );
}

/** Counts a request that the HTTP parser refused, whose headers nobody knows. Throws RATE_LIMITED. */
export const countRefused =
  (limiter: RateLimiter) =>
  (address: string): Promise<void> =>
    limiter.count([unknownCaller(address)], () => {});

/** The caller that a request's token names, where nothing asks for one. */
export async function senderOf({ headers }: Request, identity: Identity): Promise<Caller> {
  if (!headers.authorization) return ANONYMOUS;
  return await signedIn(headers.authorization, identity).catch(() => ANONYMOUS);
}
