import type { MethodDefinition } from "@grpc/grpc-js";
import type { Method } from "../contract/methods.ts";
import { type Caller, callerId, type Reader, type UserCaller } from "../identity/caller.ts";

/** Context of a request beyond its message. */
export interface Call {
  readonly method: Method;
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly caller: Caller;
  readonly requestId: string;
  /** The IP address that the request comes from, as the gateway or the connection says. */
  readonly clientAddress: string;
  /** `User-Agent` of the client, at most 256 printable characters. Clients can forge it. */
  readonly userAgent: string;
  /** Empty where the request has none, or the method takes none. */
  readonly idempotencyKey: string;
  /** The request as sent, to tell whether a key comes back with another one. */
  readonly request: unknown;
  /** When the answer is no longer of use, ms since the epoch. */
  readonly deadline: number;
  /** Set by the handler that answers out of an idempotency key. */
  replayed: boolean;
}

/** The signed-in user of a method whose access rule lets only users in. */
export function userOf(call: Call): UserCaller {
  if (call.caller.kind !== "user") throw new Error(`${call.method.path} has no user`);
  return call.caller;
}

/** The reader in a method that has scopes as well as roles. */
export function readerOf(call: Call): Reader {
  return call.caller.kind === "serviceAccount" ? call.caller : userOf(call);
}

export const actorOf = (call: Call): string => callerId(call.caller);
