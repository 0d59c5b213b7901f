import type { MethodDefinition } from "@grpc/grpc-js";
import type { Method } from "../contract/methods.ts";
import { type Caller, callerId, type Reader, type UserCaller } from "../identity/caller.ts";

/** Context of a request beyond its message. */
export interface Call {
  readonly method: Method;
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly caller: Caller;
  readonly requestId: string;
  /** IP address of the client, from the gateway or the connection. */
  readonly clientAddress: string;
  /** `User-Agent` of the client, at most 256 printable characters. Clients can forge it. */
  readonly userAgent: string;
  /** Empty if the request has none, or the method takes none. */
  readonly idempotencyKey: string;
  /** The message, to detect a key that is reused with another one. */
  readonly request: unknown;
  /** Time after which the client no longer waits, in ms since the epoch. */
  readonly deadline: number;
  /** True once the response comes from an idempotency key. */
  replayed: boolean;
}

/** The signed-in user, in a method for users only. */
export function userOf(call: Call): UserCaller {
  if (call.caller.kind !== "user") throw new Error(`${call.method.path} has no user`);
  return call.caller;
}

/** The user or service account, in a method with roles and scopes. */
export function readerOf(call: Call): Reader {
  return call.caller.kind === "serviceAccount" ? call.caller : userOf(call);
}

export const actorOf = (call: Call): string => callerId(call.caller);
