import { Metadata } from "@grpc/grpc-js";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import type { CallOptions, Reply } from "@medconnect/platform/grpc/client.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { composedMethods } from "../composed/composed-methods.ts";
import { rawMethod, type Services } from "../upstream/services.ts";

/** Answers a method's calls, bytes for bytes. */
export type Dispatch = (request: Buffer, options: CallOptions, caller: Caller) => Promise<Reply<Uint8Array>>;

/** The service that has the method, or the gateway itself where the answer is composed. Throws where nobody has it. */
export function dispatchTo(method: Method, services: Services): Dispatch {
  if (!method.rules.composed) {
    // A service that there is not should be found out now, and not by the first request.
    services.client(method.owner);
    const raw = rawMethod(method.path);
    return (request, options) => services.call(method.owner, raw, request, options);
  }
  const compose = composedMethods.get(method.path);
  if (!compose) throw new Error(`nobody composes ${method.path}`);
  return async (request, options, caller) => ({
    message: await compose(request, { services, options, caller }),
    trailer: new Metadata(),
  });
}
