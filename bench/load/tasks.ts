/**
 * Operation that clients repeat:
 *
 * - `book`: a booking without a fee
 * - `pay`: a booking with a fee, and the authorization of its payment
 * - `list`: reads 20 open slots
 * - `search`: finds 20 doctors
 */
export type Workload = Stockable | "list" | "search";
/** Workloads that consume slots. */
export type Stockable = "book" | "pay";

/** API of the system: MedConnect's, or that of the reference monolith. */
export type Api = "medconnect" | "reference";

/** Task of the load generator. `url` is the address of the system under load. */
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

/** Response of the load generator: the result of the task, or an error. */
export type Reply = { result: Results[keyof Results] } | { error: string };
