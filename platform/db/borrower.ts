import { type Context, context, createContextKey } from "@opentelemetry/api";
import type { Caller } from "../identity/caller.ts";
import { clientOf } from "../network/client.ts";

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

/** The caller of a call; without a token, the network of its address. Services are unbounded: they speak for many. */
export const borrowerOf = (caller: Caller, address: string, signal?: AbortSignal): Borrower => ({
  key: clientOf(caller, address).key,
  isBounded: caller.kind !== "service",
  ...(signal && { signal }),
});
