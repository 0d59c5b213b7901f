import type { CallOptions } from "@medconnect/platform/grpc/client.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import type { Services } from "../upstream/services.ts";

/** Context of a call to a composed method. The gateway answers such a method by calling several RPCs. */
export interface ComposedCall {
  readonly services: Services;
  /**
   * Options for the calls to services. They carry the caller's own token, so each service checks the
   * permission of the caller.
   */
  readonly options: CallOptions;
  readonly caller: Caller;
}
