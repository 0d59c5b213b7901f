import type { Borrower } from "../db/borrower.ts";
import type { Caller } from "../identity/caller.ts";
import { clientOf } from "../network/client.ts";

/**
 * Borrower to whom the database connections of a call are counted: the user, service account or service.
 * Without a token, the borrower is the network of the client's address. Only services may use all connections
 * of a pool.
 */
export const borrowerOf = (caller: Caller, address: string, signal?: AbortSignal): Borrower => ({
  key: clientOf(caller, address).key,
  isBounded: caller.kind !== "service",
  ...(signal && { signal }),
});
