import { ApiError } from "../errors/api-error.ts";
import { durations } from "./metrics.ts";

/** Bounds in seconds, close to each other above the limit of the alert DatabaseSlow, which shows the value. */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 5];

const record = durations(
  "db.client.operation.duration",
  "Duration of round trips to MySQL and Redis, by operation",
  BUCKETS,
);

/**
 * Records the duration of an operation, and the type of its error.
 *
 * @param operation name of the statement or command, such as SELECT. Of a fixed set, because each makes a
 *   time series
 */
export async function timed<T>(
  system: "mysql" | "redis",
  operation: string,
  send: () => Promise<T>,
): Promise<T> {
  const startedAtMs = performance.now();
  const attributes = { "db.system.name": system, "db.operation.name": operation };
  try {
    const result = await send();
    record((performance.now() - startedAtMs) / 1000, attributes);
    return result;
  } catch (error) {
    record((performance.now() - startedAtMs) / 1000, { ...attributes, "error.type": typeOf(error) });
    throw error;
  }
}

/** Code of MySQL or the system, reason of an ApiError, or the error's class. Never its message. */
function typeOf(error: unknown): string {
  if (error instanceof ApiError) return error.reason;
  if (!(error instanceof Error)) return "_OTHER";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
