import type { Borrower } from "../db/borrower.ts";
import type { Caller } from "../identity/caller.ts";
import { clientOf } from "../network/client.ts";

/**
 * Borrower of database connections for a call: the user or account, or the network of the address if there is
 * no token. Only calls by services may take all connections of a pool.
 */
export const borrowerOf = (caller: Caller, address: string, signal?: AbortSignal): Borrower => ({
  key: clientOf(caller, address).key,
  isBounded: caller.kind !== "service",
  ...(signal && { signal }),
});
