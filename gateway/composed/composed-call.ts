import type { CallOptions } from "@medconnect/platform/grpc/client.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import type { Services } from "../upstream/services.ts";

/** Context of a method that the gateway composes of several RPCs. */
export interface ComposedCall {
  readonly services: Services;
  /** The caller's own token goes with every call, so each service checks the caller's permissions itself. */
  readonly options: CallOptions;
  readonly caller: Caller;
}
