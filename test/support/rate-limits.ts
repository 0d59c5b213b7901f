const all = (limit: string) => ({
  RATE_LIMIT_AUTH: limit,
  RATE_LIMIT_READ: limit,
  RATE_LIMIT_WRITE: limit,
  RATE_LIMIT_SEARCH: limit,
  RATE_LIMIT_ADDRESS: limit,
  RATE_LIMIT_ADDRESS_ANONYMOUS: limit,
});

/** So high that no test meets them; and yet, other than without, calls are counted, the first of each client and then one in 50 on the way through Redis. */
export const HIGH_RATE_LIMITS = all("1000000");

/** For gateways that share a Redis: their calls come from one address and would use up each other's limits. */
export const NO_RATE_LIMITS = all("0");
