import type { Borrower } from "../db/borrower.ts";
import type { Caller } from "../identity/caller.ts";
import { clientOf } from "../network/client.ts";

/** Borrower of a call: the caller, else the network of the address. Services are unbounded. */
export const borrowerOf = (caller: Caller, address: string, signal?: AbortSignal): Borrower => ({
  key: clientOf(caller, address).key,
  isBounded: caller.kind !== "service",
  ...(signal && { signal }),
});
