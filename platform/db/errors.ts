import { ApiError } from "../errors/api-error.ts";

/** Error of mysql2. */
interface MysqlError extends Error {
  errno?: number;
  code?: string;
  sqlMessage?: string;
}

/** The whole transaction may be tried again: deadlock, lock wait, and a certification conflict in a group (3101). */
const RETRYABLE = new Set([1213, 1205, 3101]);

const STANDBY = "SERVER_IS_STANDBY";

/**
 * The server or its network is down or too slow (3024): shutdown, too many connections, lost; in a group also read-only after a
 * fail-over (1290, 1836), put out of it (3032), or without a majority or its backlog (3100, 3796 to 3799). MySQL Router
 * says 2003 where no server takes the connection, and 2013 where one went away as it was made.
 */
const AWAY = new Set<string | number>([
  1040, 1053, 1290, 1836, 1927, 2003, 2013, 3024, 3032, 3100, 3169, 3796, 3797, 3798, 3799, 4031, STANDBY,
  "ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENOTFOUND", "EAI_AGAIN",
  "PROTOCOL_CONNECTION_LOST", "PROTOCOL_SEQUENCE_TIMEOUT", "PROTOCOL_PACKETS_OUT_OF_ORDER",
  "POOL_CLOSED", "POOL_ENQUEUELIMIT", "CONNECTION_NOT_AVAILABLE",
]); // biome-ignore format: a list

/** MySQL's number for an error, also where it is the cause of what callers are told; 0 for other errors. */
function errnoOf(error: unknown): number {
  const cause = error instanceof ApiError ? error.cause : error;
  return (cause as MysqlError | undefined)?.errno ?? 0;
}

/** Another transaction was in the way. */
export const isRetryable = (error: unknown): boolean => RETRYABLE.has(errnoOf(error));

/** The server ended a SELECT that took longer than `max_execution_time`; its connection is still good. */
export const isInterrupted = (error: unknown): boolean => errnoOf(error) === 3024;

/** The client gave up waiting for the server. */
export const isTimeout = (error: unknown): boolean =>
  (error as MysqlError | undefined)?.code === "PROTOCOL_SEQUENCE_TIMEOUT";

/** Another transaction has held a row for too long. */
export const isLockWait = (error: unknown): boolean => errnoOf(error) === 1205;

/** Another transaction holds the row (NOWAIT). */
export const isLocked = (error: unknown): boolean => errnoOf(error) === 3572;

/** The server that was reached takes no writes. */
export const standbyError = () => Object.assign(new Error("The server takes no writes."), { code: STANDBY });

/** The server did not answer in time; the code is the driver's own. */
export const timeoutError = () =>
  Object.assign(new Error("The server did not answer in time."), { code: "PROTOCOL_SEQUENCE_TIMEOUT" });

/** The unique key that an insert or update ran into, such as "doctors.license_number"; undefined for other errors. */
export function duplicateKeyOf(error: unknown): string | undefined {
  const { errno, sqlMessage } = error as MysqlError;
  return errno === 1062 ? /for key '([^']+)'$/.exec(sqlMessage ?? "")?.[1] : undefined;
}

/** A database error as callers see it: UNAVAILABLE where trying again later helps, else as it is. */
export function translate(error: unknown): unknown {
  if (error instanceof ApiError) return error;
  const { errno, code, message } = error as MysqlError;
  const away =
    isRetryable(error) ||
    AWAY.has(errno ?? "") ||
    AWAY.has(code ?? "") ||
    /closed state|Queue limit/.test(message);
  return away ? new ApiError("UNAVAILABLE", { cause: error }) : error;
}
