/** A task for the load generator, with the system behind `url`. */
export type Task =
  /** Makes accounts: patients for each client, as many doctors, and one doctor more, whose slots stay open. */
  | { name: "prepare"; url: string; clients: number }
  /** Sees to it that at least so many slots can be booked. */
  | { name: "stock"; url: string; bookings: number }
  | { name: "book"; url: string; seconds: number }
  | { name: "list"; url: string; seconds: number }
  | { name: "hello"; url: string; seconds: number; clients: number }
  /** Counts the consultations that the last bookings' patients can read. */
  | { name: "verify"; url: string };

export interface LoadResult {
  operations: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
}

export interface Results {
  prepare: undefined;
  stock: undefined;
  book: LoadResult;
  list: LoadResult;
  hello: LoadResult;
  verify: number;
}

/** Answer to a task: the result, or the reason for its absence. */
export type Reply = { result: Results[keyof Results] } | { error: string };
