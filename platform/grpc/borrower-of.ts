import type { Borrower } from "../db/borrower.ts";
import type { Caller } from "../identity/caller.ts";
import { clientOf } from "../network/client.ts";

/** The caller of a call; without a token, the network of its address. Services are unbounded: they speak for many. */
export const borrowerOf = (caller: Caller, address: string, signal?: AbortSignal): Borrower => ({
  key: clientOf(caller, address).key,
  isBounded: caller.kind !== "service",
  ...(signal && { signal }),
});
