import type { LoadResult, Stockable, Workload } from "./tasks.ts";

/**
 * Open slots of the doctor in the workload `list`. The more there are, the more each call costs MySQL in the
 * reference monolith.
 */
export const SHOWN_SLOTS = 4000;

/** The users of one system. */
export interface Crowd {
  /** Creates slots until at least this number of bookings can be made. */
  stock(workload: Stockable, bookings: number): Promise<void>;
  /** Lets each client repeat its operation until the time is up. */
  run(workload: Workload, clients: number, seconds: number): Promise<LoadResult>;
  /** Number of bookings in the last run for which the consultation exists. */
  verify(): Promise<number>;
}
