import type { LoadResult, Stockable, Workload } from "./tasks.ts";

/** Open slots of the doctor whose slots are listed: MySQL's part of the monolith's list grows with them. */
export const SHOWN_SLOTS = 4000;

/** The users of one system. */
export interface Crowd {
  /** Makes sure that at least so many bookings can be made. */
  stock(workload: Stockable, bookings: number): Promise<void>;
  /** Lets each client call one time after the other until the time is up. */
  run(workload: Workload, clients: number, seconds: number): Promise<LoadResult>;
  /** Number of the last run's bookings that did all that they should. */
  verify(): Promise<number>;
}
