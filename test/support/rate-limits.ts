const all = (limit: string) => ({
  RATE_LIMIT_AUTH: limit,
  RATE_LIMIT_READ: limit,
  RATE_LIMIT_WRITE: limit,
  RATE_LIMIT_SEARCH: limit,
  RATE_LIMIT_ADDRESS: limit,
  RATE_LIMIT_ADDRESS_ANONYMOUS: limit,
});

/**
 * Limits that no test reaches. With limits of 0, the gateway would not count calls at all. With these, it
 * reports the first call of each client, and one in 50, to Redis.
 */
export const HIGH_RATE_LIMITS = all("1000000");

/**
 * No limits. Use them for gateways that share a Redis, because all calls of the tests come from the same
 * address. Calls to one gateway would use up the limits of the other gateway.
 */
export const NO_RATE_LIMITS = all("0");
