import type { LoadResult, Stockable, Workload } from "./tasks.ts";

/**
 * Number of open slots of the doctor whose slots the workload `list` reads. In the reference monolith, each
 * call costs MySQL more, the more slots there are.
 */
export const SHOWN_SLOTS = 4000;

/** The users of one system. */
export interface Crowd {
  /** Creates enough slots for this number of further bookings. */
  stock(workload: Stockable, bookings: number): Promise<void>;
  /** Lets each client repeat its operation until the time is up. */
  run(workload: Workload, clients: number, seconds: number): Promise<LoadResult>;
  /** Number of bookings in the last run for which the consultation exists. */
  verify(): Promise<number>;
}
