import { type Context, context, createContextKey } from "@opentelemetry/api";

/**
 * The party that a database connection is lent to, such as a user. Connections are shared fairly between
 * borrowers.
 */
export interface Borrower {
  readonly key: string;
  /** True if the borrower may hold only a share of the connections of a pool at once. */
  readonly isBounded: boolean;
  /** Aborted when the call of the borrower is cancelled or exceeds its deadline. */
  readonly signal?: AbortSignal;
}

const KEY = createContextKey("borrower of database connections");

/** Borrower for jobs and other work without a call. */
export const INTERNAL: Borrower = { key: "internal", isBounded: false };
/**
 * Borrower for group commits: transactions that the changes of many callers share. Their connections are not
 * counted to any of these callers.
 */
export const GROUPS: Borrower = { key: "groups", isBounded: false };

export const withBorrower = (parent: Context, borrower: Borrower): Context => parent.setValue(KEY, borrower);

export const activeBorrower = (): Borrower =>
  (context.active().getValue(KEY) as Borrower | undefined) ?? INTERNAL;
