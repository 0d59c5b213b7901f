import type { Clock } from "../time/clock.ts";
import { lastRun } from "./metrics.ts";

/** One list for the process, because it has one meter. */
const reads: (() => Promise<void>)[] = [];

/**
 * A value that a job reads instead of each scrape: otherwise any client of the metrics port could load the database.
 *
 * @returns the last value read; undefined before the first run
 */
export function sampled<T>(read: () => Promise<T>): () => T | undefined {
  let value: T | undefined;
  reads.push(async () => {
    value = await read();
  });
  return () => value;
}

/**
 * Reads all sampled values with each call. A failed read keeps its old value and does not stop the others; the first
 * failure is thrown at the end. The time of the last complete run is a metric.
 */
export function takeSamples(clock: Clock): () => Promise<void> {
  const taken = lastRun(
    "metrics.sample.time",
    "Time of this process's last count of its tables for the metrics, in seconds since 1970; 0 before the first",
  );
  return async () => {
    const failures: unknown[] = [];
    for (const read of reads) await read().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    taken(clock.now());
  };
}
