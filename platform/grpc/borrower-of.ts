import type { Borrower } from "../db/borrower.ts";
import type { Caller } from "../identity/caller.ts";
import { clientOf } from "../network/client.ts";

/**
 * Borrower of a call: its caller; without a token, the network of its address. Services act for many, so
 * unbounded.
 */
export const borrowerOf = (caller: Caller, address: string, signal?: AbortSignal): Borrower => ({
  key: clientOf(caller, address).key,
  isBounded: caller.kind !== "service",
  ...(signal && { signal }),
});
