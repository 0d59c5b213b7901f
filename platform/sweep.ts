import type { Logger } from "./log.ts";

const BATCH = 100;

export interface Sweep {
  /** The ids of things that are due, `limit` at most, the most urgent first. */
  find: (limit: number) => Promise<string[]>;
  /** Does one, after which it is not due any more; in a transaction of its own. */
  work: (id: string) => Promise<void>;
  /** What is said in the log of one that fails. */
  failure: string;
  /** Ends it between two. */
  signal?: AbortSignal | undefined;
}

/**
 * Works off what is due, one by one: locks are short, and one that fails holds up no other. It is logged, and found
 * again the next time.
 */
export async function sweep({ find, work, failure, signal }: Sweep, log: Logger): Promise<void> {
  let found: string[];
  let done: number;
  do {
    found = await find(BATCH);
    done = 0;
    for (const id of found) {
      signal?.throwIfAborted();
      try {
        await work(id);
        done += 1;
      } catch (error) {
        log.error({ err: error, id }, failure);
      }
    }
  } while (found.length === BATCH && done > 0);
}
