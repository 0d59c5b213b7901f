import type { LoadResult, Stockable, Workload } from "./tasks.ts";

/** Open slots of the listed doctor. The more there are, the more the monolith's list costs MySQL. */
export const SHOWN_SLOTS = 4000;

/** The users of one system. */
export interface Crowd {
  /** Makes slots for at least this number of bookings. */
  stock(workload: Stockable, bookings: number): Promise<void>;
  /** Lets each client repeat its operation until the time is up. */
  run(workload: Workload, clients: number, seconds: number): Promise<LoadResult>;
  /** Number of bookings in the last run with all expected effects. */
  verify(): Promise<number>;
}
