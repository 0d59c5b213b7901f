import { type Command, Redis } from "ioredis";
import { timed } from "../telemetry/database-durations.ts";
import type { Logger } from "../telemetry/log.ts";
import { isStarting } from "../time/start-up.ts";

/** Time-out in ms of a command that a request waits for. */
export const REDIS_IN_REQUEST_MS = 100;
/** Time-out in ms of a command in the background. */
export const REDIS_IN_BACKGROUND_MS = 1000;
/**
 * Time in ms after which a connection is closed as lost, if a command waits for its answer and no data
 * arrives.
 */
const SOCKET_TIMEOUT_MS = 2000;

/**
 * Opens a connection to Redis that fails fast: a command fails at once if Redis cannot be reached, and after
 * `commandTimeoutMs` if Redis hangs. All callers can do without Redis: limits are then counted in the
 * process, and revocations come from auth.
 */
export function connectRedis(url: string, log: Logger, commandTimeoutMs: number): Redis {
  const redis = new TimedRedis(url, {
    enableOfflineQueue: false,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 1000,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: true,
    disconnectTimeout: 200,
    // Opens a new connection long before TCP notices that the old one is lost.
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 50, 1000),
  });
  let away = false;
  redis.on("error", (error) => {
    if (away || isStarting()) return;
    log.warn({ err: error }, "redis is unreachable");
    away = true;
  });
  redis.on("ready", () => {
    if (away) log.info("redis is reachable again");
    away = false;
  });
  return redis;
}

/** Commands with which ioredis opens a connection. No caller waits for them. */
const OPENING: ReadonlySet<string> = new Set(["auth", "client", "hello", "info", "select"]);

/** Records the duration of each command, also of those that fail at once because Redis is away. */
class TimedRedis extends Redis {
  override sendCommand(command: Command, stream?: Parameters<Redis["sendCommand"]>[1]): unknown {
    if (OPENING.has(command.name)) return super.sendCommand(command, stream);
    // The caller handles the error of the command.
    timed("redis", command.name.toUpperCase(), () => command.promise).catch(() => {});
    return super.sendCommand(command, stream);
  }
}
