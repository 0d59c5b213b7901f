import { ApiError } from "../errors/api-error.ts";

/** Fields that an error of the driver, mysql2, may have. */
interface MysqlError extends Error {
  errno?: number;
  code?: string;
  sqlMessage?: string;
}

/**
 * Errors after which a transaction may be retried: deadlock, lock wait timeout, and a conflict in a
 * replication group (3101).
 */
const RETRYABLE = new Set([1213, 1205, 3101]);

/** Errors of a statement that finds no space on the server's disk. */
const DISK_FULL = new Set([1021, 1114]);

const STANDBY = "SERVER_IS_STANDBY";

/**
 * Errors that mean that the server or the network is down, or that a statement takes too long (3024). In a
 * replication group, the server is read-only after a fail-over (1290, 1836), expelled (3032), or without a
 * majority or too far behind the others (3100, 3796 to 3799). MySQL Router reports that no server accepts
 * connections (2003), or that the server was lost during the connect (2013).
 */
const AWAY = new Set<string | number>([
  1040, 1053, 1290, 1836, 1927, 2003, 2013, 3024, 3032, 3100, 3169, 3796, 3797, 3798, 3799, 4031, STANDBY,
  "ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENOTFOUND", "EAI_AGAIN",
  "PROTOCOL_CONNECTION_LOST", "PROTOCOL_SEQUENCE_TIMEOUT", "PROTOCOL_PACKETS_OUT_OF_ORDER",
  "POOL_CLOSED", "POOL_ENQUEUELIMIT", "CONNECTION_NOT_AVAILABLE",
]); // biome-ignore format: a list

/** Returns MySQL's error number, from an error or its cause; 0 if neither has one. */
function errnoOf(error: unknown): number {
  const cause = error instanceof ApiError ? error.cause : error;
  return (cause as MysqlError | undefined)?.errno ?? 0;
}

/**
 * True if the whole transaction may be retried, because it failed only through a conflict with another
 * transaction.
 */
export const isRetryable = (error: unknown): boolean => RETRYABLE.has(errnoOf(error));

/** True if the server stopped a SELECT after `max_execution_time`. The connection stays usable. */
export const isInterrupted = (error: unknown): boolean => errnoOf(error) === 3024;

/** True if the client has stopped waiting for the server (see answer.ts). The connection is unusable. */
export const isTimeout = (error: unknown): boolean =>
  (error as MysqlError | undefined)?.code === "PROTOCOL_SEQUENCE_TIMEOUT";

/** True if the server's disk is full. Other statements wait for space, and time out. */
export const isDiskFull = (error: unknown): boolean => DISK_FULL.has(errnoOf(error));

/** True if the wait for a lock exceeded its limit. */
export const isLockWait = (error: unknown): boolean => errnoOf(error) === 1205;

/** True if a statement with NOWAIT found that another transaction has locked the row. */
export const isLocked = (error: unknown): boolean => errnoOf(error) === 3572;

/** Error for a connection to a read-only server, such as a standby. */
export const standbyError = () => Object.assign(new Error("The server takes no writes."), { code: STANDBY });

/**
 * Error for a server that did not answer in time. The driver uses the same code for its own time-out error.
 */
export const timeoutError = () =>
  Object.assign(new Error("The server did not answer in time."), { code: "PROTOCOL_SEQUENCE_TIMEOUT" });

/** Returns the unique key that a statement violated, such as "table.key"; undefined for other errors. */
export function duplicateKeyOf(error: unknown): string | undefined {
  const { errno, sqlMessage } = error as MysqlError;
  return errno === 1062 ? /for key '([^']+)'$/.exec(sqlMessage ?? "")?.[1] : undefined;
}

/**
 * Converts an error of the database to UNAVAILABLE if a later retry may succeed. Returns other errors
 * unchanged.
 */
export function translate(error: unknown): unknown {
  if (error instanceof ApiError) return error;
  const { errno, code, message } = error as MysqlError;
  const away =
    isRetryable(error) ||
    isDiskFull(error) ||
    AWAY.has(errno ?? "") ||
    AWAY.has(code ?? "") ||
    /closed state|Queue limit/.test(message);
  return away ? new ApiError("UNAVAILABLE", { cause: error }) : error;
}
