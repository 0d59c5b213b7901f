import { ApiError } from "../errors/api-error.ts";
import { durations, SHORT_BUCKETS } from "./metrics.ts";

const record = durations(
  "db.client.operation.duration",
  "Duration of round trips to MySQL and Redis, by operation",
  SHORT_BUCKETS,
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
