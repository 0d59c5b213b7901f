import { Redis } from "ioredis";
import type { Logger } from "../telemetry/log.ts";

/** How long a command may take that a request waits for, and one that nobody waits for, in ms. */
export const REDIS_IN_REQUEST_MS = 100;
export const REDIS_IN_BACKGROUND_MS = 1000;
/** Nothing takes Redis so long: where a command is waiting and nothing came meanwhile, the connection is lost. */
const SOCKET_TIMEOUT_MS = 2000;

/**
 * A connection that fails fast: with Redis away a command is refused at once, with Redis frozen after
 * `commandTimeoutMs`, and callers have another way (in-process limits, auth's own list of revocations).
 */
export function connectRedis(url: string, log: Logger, commandTimeoutMs: number): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 1000,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    disconnectTimeout: 200,
    // A connection that was lost without a word is made anew, not waited for until TCP gives up.
    socketTimeout: SOCKET_TIMEOUT_MS,
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
