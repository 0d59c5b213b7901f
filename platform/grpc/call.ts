import type { MethodDefinition } from "@grpc/grpc-js";
import type { Method } from "../contract/methods.ts";
import { type Caller, callerId, type Reader, type UserCaller } from "../identity/caller.ts";

/** A request as a use case sees it: the message, and its context such as the caller and the deadline. */
export interface Call {
  readonly method: Method;
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly caller: Caller;
  readonly requestId: string;
  /**
   * IP address of the client: as the gateway states it for a forwarded call, otherwise the peer of the
   * connection.
   */
  readonly clientAddress: string;
  /** `User-Agent` of the client, at most 256 printable characters. Clients can forge it. */
  readonly userAgent: string;
  /** Idempotency key; empty if the request has none, or the method takes none. */
  readonly idempotencyKey: string;
  /**
   * The message of the request. Its hash is stored to detect an idempotency key that is sent again with a
   * different message.
   */
  readonly request: unknown;
  /** Time after which the client no longer waits, in ms since the epoch. */
  readonly deadline: number;
  /** True if the response was stored for an earlier call with the same idempotency key. */
  replayed: boolean;
}

/**
 * Returns the signed-in user. Throws for other callers. Such a call is a bug, because the access rule of the
 * method must refuse these callers.
 */
export function userOf(call: Call): UserCaller {
  if (call.caller.kind !== "user") throw new Error(`${call.method.path} has no user`);
  return call.caller;
}

/**
 * Returns the user or service account that makes the call. Throws for other callers. Such a call is a bug,
 * because the access rule of the method must refuse these callers.
 */
export function readerOf(call: Call): Reader {
  return call.caller.kind === "serviceAccount" ? call.caller : userOf(call);
}

export const actorOf = (call: Call): string => callerId(call.caller);
