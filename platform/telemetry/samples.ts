import type { Clock } from "../clock.ts";
import { lastRun } from "./metrics.ts";

/** One list for the process, as the meter is one. */
const reads: (() => Promise<void>)[] = [];

/**
 * A value that a job reads, and not each scrape: if gauges counted rows, any client of the metrics port could load the
 * database.
 *
 * @returns the value that was read last; undefined before the first turn
 */
export function sampled<T>(read: () => Promise<T>): () => T | undefined {
  let value: T | undefined;
  reads.push(async () => {
    value = await read();
  });
  return () => value;
}

/**
 * Reads all sampled values anew each time it is called. Where one cannot be read, its old value stays, the others are read, and
 * the first failure is thrown; the time of the last whole turn is a metric.
 */
export function takeSamples(clock: Clock): () => Promise<void> {
  const taken = lastRun(
    "metrics.sample.time",
    "When this process last counted its tables for the metrics, in seconds since 1970; 0 where it has not yet",
  );
  return async () => {
    const failures: unknown[] = [];
    for (const read of reads) await read().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    taken(clock.now());
  };
}
