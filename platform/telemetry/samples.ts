import type { Clock } from "../time/clock.ts";
import { lastRun } from "./metrics.ts";

/** Sampled reads of the process, which has one meter. */
const reads: (() => Promise<void>)[] = [];

/**
 * Declares a value that a job reads, instead of each scrape. Otherwise any client of the metrics port could
 * load the database.
 *
 * @returns reads the last value; undefined before the first run
 */
export function sampled<T>(read: () => Promise<T>): () => T | undefined {
  let value: T | undefined;
  reads.push(async () => {
    value = await read();
  });
  return () => value;
}

/**
 * Makes a job that reads all sampled values. A failed read keeps its old value and stops no other; the first
 * failure is thrown at the end. A metric holds the time of the last complete run.
 */
export function takeSamples(clock: Clock): () => Promise<void> {
  const taken = lastRun(
    "metrics.sample.time",
    "Time of the last complete read of sampled values, in seconds since 1970; 0 before the first",
  );
  return async () => {
    const failures: unknown[] = [];
    for (const read of reads) await read().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    taken(clock.now());
  };
}
