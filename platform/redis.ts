import { Redis } from "ioredis";
import type { Logger } from "./log.ts";

/**
 * A connection that fails fast: with Redis away a command is refused at once, with Redis frozen after 100 ms, and
 * callers have another way (in-process limits, auth's own list of revocations).
 */
export function connectRedis(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    commandTimeout: 100,
    connectTimeout: 1000,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    disconnectTimeout: 200,
    retryStrategy: (attempt) => Math.min(attempt * 50, 1000),
  });
  let away = false;
  redis.on("error", (error) => {
    if (!away) log.warn({ err: error }, "redis is away");
    away = true;
  });
  redis.on("ready", () => {
    if (away) log.info("redis is back");
    away = false;
  });
  return redis;
}
