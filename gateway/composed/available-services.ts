import type { MethodDefinition } from "@grpc/grpc-js";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { within } from "@medconnect/platform/grpc/client.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { ComposedCall } from "./composed-call.ts";
import { isUnavailable } from "./is-unavailable.ts";

/**
 * Time in ms to wait for each service. A service that takes longer is reported as unavailable, so that it
 * does not delay the figures of the other services.
 */
const TIMEOUT_MS = 2000;

/** Calls services for an answer that is of use without those that are unavailable. */
export class AvailableServices {
  readonly #call: ComposedCall;
  readonly #unavailable = new Set<ServiceName>();

  constructor(call: ComposedCall) {
    const { options } = call;
    this.#call = {
      ...call,
      options: { ...options, deadline: Math.min(options.deadline, within(TIMEOUT_MS)) },
    };
  }

  /** Calls a service. Resolves to undefined if it is unavailable, and throws what it refuses. */
  async ask<Request, Response>(
    service: ServiceName,
    method: MethodDefinition<Request, Response>,
    request: Request,
  ): Promise<Response | undefined> {
    const { services, options } = this.#call;
    try {
      return (await services.call(service, method, request, options)).message;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.#unavailable.add(service);
      return undefined;
    }
  }

  /**
   * Names of the services that were unavailable, in alphabetical order. Throws UNAVAILABLE if all were,
   * because then none has checked the permission of the caller.
   */
  unavailable(): ServiceName[] {
    if (this.#unavailable.size === SERVICES.length) throw new ApiError("UNAVAILABLE");
    return [...this.#unavailable].sort();
  }
}
