import { ApiError } from "../errors/api-error.ts";
import type { Borrower } from "./borrower.ts";

interface Queue {
  running: number;
  /** The waiting pieces of work, in order of arrival. Each function starts one of them. */
  readonly waiting: Set<() => void>;
}

/** Limits of the wait for a place. */
export interface Wait {
  timeoutMs: number;
  /** Aborted when the call of the borrower is cancelled. The wait then ends with an error. */
  signal?: AbortSignal | undefined;
}

/**
 * Fair semaphore for a number of places, such as connections. Borrowers that wait take turns, however much
 * work each of them has. The work of one borrower starts in order of arrival. A bounded borrower never holds
 * more than its share of the places at once.
 */
export class Turns {
  readonly #places: number;
  readonly #share: number;
  #free: number;
  /** Queue of each borrower that holds a place or waits for one, by the key of the borrower. */
  readonly #queues = new Map<string, Queue>();
  /**
   * Queues from which the next work may start, in the order of their turns. Each has waiting work, and its
   * borrower holds less than the share.
   */
  readonly #next = new Set<Queue>();

  /** @param share maximum number of places of one bounded borrower (see `isBounded`) */
  constructor(places: number, share: number) {
    this.#places = places;
    this.#share = share;
    this.#free = places;
  }

  /**
   * Takes a place, which `leave` gives back. Throws UNAVAILABLE if no place becomes free in time, and
   * CANCELLED if the call is cancelled.
   */
  async enter(borrower: Borrower, { timeoutMs, signal }: Wait): Promise<void> {
    if (signal?.aborted) throw new ApiError("CANCELLED");
    const queue = this.#queueOf(borrower);
    if (this.#free > 0 && this.#hasRoom(queue, borrower)) this.#take(queue);
    else await this.#wait(queue, borrower, { timeoutMs, signal });
  }

  /** Pieces of work that wait for a place. */
  get waiting(): number {
    let sum = 0;
    for (const { waiting } of this.#queues.values()) sum += waiting.size;
    return sum;
  }

  leave(borrower: Borrower): void {
    const queue = this.#queueOf(borrower);
    queue.running -= 1;
    this.#free += 1;
    if (queue.waiting.size > 0) this.#next.add(queue);
    else this.#forgetIdle(queue, borrower);
    const [next] = this.#next;
    const [start] = next?.waiting ?? [];
    start?.();
  }

  #wait(queue: Queue, borrower: Borrower, { timeoutMs, signal }: Wait): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", cancel);
        queue.waiting.delete(start);
        if (queue.waiting.size === 0) this.#next.delete(queue);
      };
      const start = () => {
        end();
        this.#take(queue);
        this.#next.delete(queue);
        // Moves the borrower to the end of the order of turns.
        if (queue.waiting.size > 0 && this.#hasRoom(queue, borrower)) this.#next.add(queue);
        resolve();
      };
      const giveUp = (error: ApiError) => {
        end();
        this.#forgetIdle(queue, borrower);
        reject(error);
      };
      const cancel = () => giveUp(new ApiError("CANCELLED"));
      const timer = setTimeout(
        () => giveUp(new ApiError("UNAVAILABLE", { detail: "No database connection was free in time." })),
        timeoutMs,
      );
      signal?.addEventListener("abort", cancel);
      queue.waiting.add(start);
      if (this.#hasRoom(queue, borrower)) this.#next.add(queue);
    });
  }

  #take(queue: Queue): void {
    queue.running += 1;
    this.#free -= 1;
  }

  #hasRoom({ running }: Queue, { isBounded }: Borrower): boolean {
    return running < (isBounded ? this.#share : this.#places);
  }

  #queueOf({ key }: Borrower): Queue {
    const known = this.#queues.get(key);
    if (known) return known;
    const queue = { running: 0, waiting: new Set<() => void>() };
    this.#queues.set(key, queue);
    return queue;
  }

  #forgetIdle({ running, waiting }: Queue, { key }: Borrower): void {
    if (running === 0 && waiting.size === 0) this.#queues.delete(key);
  }
}
