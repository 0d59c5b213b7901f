import type { Method } from "@medconnect/platform/contract/methods.ts";
import type { CallOptions, Reply } from "@medconnect/platform/grpc/client.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { composedMethods } from "../composed/composed-methods.ts";
import { rawMethod, type Services } from "../upstream/services.ts";

/** Answers calls of one method. Takes and returns serialized messages. */
export type Dispatch = (request: Buffer, options: CallOptions, caller: Caller) => Promise<Reply<Uint8Array>>;

/**
 * Makes the function that answers calls of a method. The function calls the method's service, or composes the
 * answer in the gateway. Throws for an unknown service, and for a composed method without an implementation.
 */
export function dispatchTo(method: Method, services: Services): Dispatch {
  if (!method.rules.composed) {
    // Throws for an unknown service, so that the mistake is found at the start instead of at the first
    // request.
    services.client(method.owner);
    const raw = rawMethod(method.path);
    return (request, options) => services.call(method.owner, raw, request, options);
  }
  const compose = composedMethods.get(method.path);
  if (!compose) {
    throw new Error(`${method.path} is marked composed, but composed-methods.ts has no implementation`);
  }
  return (request, options, caller) => compose(request, { services, options, caller });
}
