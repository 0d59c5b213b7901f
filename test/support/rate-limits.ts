const all = (limit: string) => ({
  RATE_LIMIT_AUTH: limit,
  RATE_LIMIT_READ: limit,
  RATE_LIMIT_WRITE: limit,
  RATE_LIMIT_SEARCH: limit,
  RATE_LIMIT_ADDRESS: limit,
  RATE_LIMIT_ADDRESS_ANONYMOUS: limit,
});

/**
 * Limits that no test reaches. Limits of 0 would turn off the counting of calls. With these limits, the
 * gateway reports the first call of each client and one in 50 to Redis.
 */
export const HIGH_RATE_LIMITS = all("1000000");

/**
 * No limits, for gateways that share a Redis. With limits, the calls to one gateway would use up the other's,
 * because all calls come from the same address.
 */
export const NO_RATE_LIMITS = all("0");
