import type { Clock } from "../time/clock.ts";
import { lastRun } from "./metrics.ts";

/** Functions that read the sampled values. Global, because the metrics of a process are global, too. */
const reads: (() => Promise<void>)[] = [];

/**
 * Declares a value that `takeSamples` reads at intervals. If each scrape read it, anybody who can reach the
 * metrics port could overload the database.
 *
 * @returns a function that returns the last value; undefined before the first read
 */
export function sampled<T>(read: () => Promise<T>): () => T | undefined {
  let value: T | undefined;
  reads.push(async () => {
    value = await read();
  });
  return () => value;
}

/**
 * Makes a job that reads all sampled values. If a read fails, its value stays as it was, and the job goes on
 * with the other values. At the end, the job throws the first error. A metric holds the time of the last run
 * without an error.
 */
export function takeSamples(clock: Clock): () => Promise<void> {
  const taken = lastRun(
    "metrics.sample",
    "Time of the last complete read of sampled values, in seconds since 1970; 0 before the first",
  );
  return async () => {
    const failures: unknown[] = [];
    for (const read of reads) await read().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    taken(clock.now());
  };
}
