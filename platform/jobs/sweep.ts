import type { Logger } from "../telemetry/log.ts";
import { repeat } from "./jobs.ts";

const BATCH = 100;
/** Number of failures after which a sweep stops, because the cause is not the items. */
const MAX_FAILED = 1000;

export interface Sweep {
  /** Finds ids of due items, at most `limit`, the most urgent first. */
  find: (limit: number) => Promise<string[]>;
  /** Processes one item in a transaction of its own. Afterwards it is no longer due. */
  work: (id: string) => Promise<void>;
  /** Log message for a failed item. */
  failure: string;
  /** Stops the sweep between two items. */
  signal?: AbortSignal | undefined;
}

/**
 * Processes due items one by one, which keeps locks short. A failed item is logged, blocks no other, and is
 * due again in the next sweep.
 */
export async function sweep({ find, work, failure, signal }: Sweep, log: Logger): Promise<void> {
  const failed = new Set<string>();
  await repeat(async () => {
    // Failed items are still due, and may be the most urgent.
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
