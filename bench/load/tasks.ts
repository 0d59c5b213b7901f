/**
 * `book`: a free booking; `pay`: a booking with a fee and its authorization; `list`: 20 open slots; `search`:
 * 20 doctors.
 */
export type Workload = Stockable | "list" | "search";
/** Workloads that consume slots. */
export type Stockable = "book" | "pay";

/** API that a system has: MedConnect's, or the reference monolith's. */
export type Api = "medconnect" | "reference";

/** Task of the load generator. `url` is that of the system. */
export type Task =
  /** Creates the first accounts and slots. */
  | { name: "prepare"; url: string; api: Api }
  | { name: "stock"; url: string; workload: Stockable; bookings: number }
  | { name: "run"; url: string; workload: Workload; clients: number; seconds: number }
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
  run: LoadResult;
  verify: number;
}

/** Response to a task: the result or an error. */
export type Reply = { result: Results[keyof Results] } | { error: string };
