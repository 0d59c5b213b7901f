import { Redis } from "ioredis";
import type { Logger } from "../telemetry/log.ts";

/** Time-outs of commands in requests and in the background. */
export const REDIS_IN_REQUEST_MS = 100;
export const REDIS_IN_BACKGROUND_MS = 1000;
/** Silence after which a connection with a waiting command counts as lost. */
const SOCKET_TIMEOUT_MS = 2000;

/**
 * Opens a connection that fails fast: a command fails at once if Redis is unreachable, and after
 * `commandTimeoutMs` if it hangs. Callers have a fallback (in-process limits, auth's own list of
 * revocations).
 */
export function connectRedis(url: string, log: Logger, commandTimeoutMs: number): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 1000,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    disconnectTimeout: 200,
    // Replaces a silently lost connection before TCP gives up.
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 50, 1000),
  });
  let away = false;
  redis.on("error", (error) => {
    if (!away) log.warn({ err: error }, "redis is unreachable");
    away = true;
  });
  redis.on("ready", () => {
    if (away) log.info("redis is reachable again");
    away = false;
  });
  return redis;
}
