import type { Logger } from "../telemetry/log.ts";
import { repeat } from "./jobs.ts";

const BATCH = 100;
/** With so many that failed it is not for them: the rest is left for the next time. */
const MAX_FAILED = 1000;

export interface Sweep {
  /** The ids of things that are due, `limit` at most, the most urgent first. */
  find: (limit: number) => Promise<string[]>;
  /** Does one, after which it is not due any more; in a transaction of its own. */
  work: (id: string) => Promise<void>;
  /** Log message for a failed item. */
  failure: string;
  /** Ends it between two. */
  signal?: AbortSignal | undefined;
}

/**
 * Works off what is due, one by one: locks are short, and one that fails holds up no other. It is logged, and found
 * again the next time.
 */
export async function sweep({ find, work, failure, signal }: Sweep, log: Logger): Promise<void> {
  const failed = new Set<string>();
  await repeat(async () => {
    // Those that have failed are still due, and may be the most urgent.
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
