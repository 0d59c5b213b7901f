import { type Context, context, createContextKey } from "@opentelemetry/api";

/** Holder of lent database connections. */
export interface Borrower {
  readonly key: string;
  /** True if it may hold a share of a pool only. */
  readonly isBounded: boolean;
  /** Aborted when its call is cancelled or past its deadline. */
  readonly signal?: AbortSignal;
}

const KEY = createContextKey("borrower of database connections");

/** Jobs and other work without a call. */
export const INTERNAL: Borrower = { key: "internal", isBounded: false };
/** Commit groups. A group serves many callers, so it counts for none of them. */
export const GROUPS: Borrower = { key: "groups", isBounded: false };

export const withBorrower = (parent: Context, borrower: Borrower): Context => parent.setValue(KEY, borrower);

export const activeBorrower = (): Borrower =>
  (context.active().getValue(KEY) as Borrower | undefined) ?? INTERNAL;
