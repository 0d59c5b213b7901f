import type { Logger } from "../telemetry/log.ts";
import { repeat } from "./jobs.ts";

const BATCH = 100;
/**
 * Number of failed items after which a sweep stops. If so many items fail, the cause is probably not in the
 * items, but an outage.
 */
const MAX_FAILED = 1000;

export interface Sweep {
  /** Finds the ids of at most `limit` due items, the most urgent first. */
  find: (limit: number) => Promise<string[]>;
  /** Processes one item in a transaction of its own, after which it is no longer due. */
  work: (id: string) => Promise<void>;
  /** Message to log if an item fails. */
  failure: string;
  /** Stops the sweep between two items. */
  signal?: AbortSignal | undefined;
}

/**
 * Processes all due items one by one, so that each holds its locks only briefly. If an item fails, logs the
 * error and goes on. The next sweep finds the failed item again.
 */
export async function sweep({ find, work, failure, signal }: Sweep, log: Logger): Promise<void> {
  const failed = new Set<string>();
  await repeat(async () => {
    // Reads more than a batch, because failed items are still due, and may come first.
    const found = (await find(BATCH + failed.size)).filter((id) => !failed.has(id));
    for (const id of found) {
      signal?.throwIfAborted();
      try {
        await work(id);
      } catch (error) {
        failed.add(id);
        log.error({ err: error, id }, failure);
      }
    }
    return found.length >= BATCH && failed.size < MAX_FAILED;
  }, signal);
}
