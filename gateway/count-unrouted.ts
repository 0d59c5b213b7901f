import type { Request } from "express";
import { addressOf, unroutedCounts } from "./client-key.ts";
import type { GatewayResponse } from "./observe.ts";
import type { RateLimiter } from "./rate-limit.ts";

/** Counts a request to no RPC: an unknown path or method, OPTIONS, the documentation. Throws RATE_LIMITED. */
export const countUnrouted = (
  limiter: RateLimiter,
  request: Request,
  response: GatewayResponse,
): Promise<void> =>
  limiter.count(unroutedCounts(request.method, addressOf(request)), (name, value) =>
    response.setHeader(name, value),
  );
