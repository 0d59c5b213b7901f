import { type Context, context, createContextKey } from "@opentelemetry/api";

/** Holder of lent database connections. */
export interface Borrower {
  readonly key: string;
  /** It holds at most a share of a pool. */
  readonly isBounded: boolean;
  /** Aborted when its call needs no answer any more. */
  readonly signal?: AbortSignal;
}

const KEY = createContextKey("borrower of database connections");

/** Jobs, and other work that no call waits for. */
export const INTERNAL: Borrower = { key: "internal", isBounded: false };
/** Groups of changes. A group serves many callers, so it counts for none of them. */
export const GROUPS: Borrower = { key: "groups", isBounded: false };

export const withBorrower = (parent: Context, borrower: Borrower): Context => parent.setValue(KEY, borrower);

export const activeBorrower = (): Borrower =>
  (context.active().getValue(KEY) as Borrower | undefined) ?? INTERNAL;
