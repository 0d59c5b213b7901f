const all = (limit: string) => ({
  RATE_LIMIT_AUTH: limit,
  RATE_LIMIT_READ: limit,
  RATE_LIMIT_WRITE: limit,
  RATE_LIMIT_SEARCH: limit,
  RATE_LIMIT_ADDRESS: limit,
  RATE_LIMIT_ADDRESS_ANONYMOUS: limit,
});

/**
 * Limits that no test reaches. Unlike with 0, which means no limit, calls are counted: the first of each
 * client, and one in 50, in Redis.
 */
export const HIGH_RATE_LIMITS = all("1000000");

/**
 * No limits, for gateways that share a Redis: calls from the same address to one gateway would use up the
 * limits of the other.
 */
export const NO_RATE_LIMITS = all("0");
