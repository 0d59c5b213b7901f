import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type CallOptions, type Reply, within } from "@medconnect/platform/grpc/client.ts";
import { CLIENT_ADDRESS_KEY, CLIENT_AGENT_KEY, cleanUserAgent } from "@medconnect/platform/grpc/origin.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import type { LoadLimit } from "@medconnect/platform/network/load-limit.ts";
import type { GatewayResponse } from "../http/gateway-response.ts";
import { anonymousQuota } from "../limits/quotas.ts";
import type { ClientQuota, RateLimiter } from "../limits/rate-limiter.ts";
import type { RequestBinding } from "../transcoding/binding.ts";
import { asClientWrote, withCamelCase } from "../transcoding/field-names.ts";
import { isUnauthenticated } from "./is-unauthenticated.ts";
import type { Route } from "./routes.ts";

export interface ServiceCallOptions {
  limiter: RateLimiter;
  /** Time in ms after which a call of a service fails with DEADLINE_EXCEEDED. */
  callTimeoutMs: number;
}

/** A call that the limits of its caller have admitted. */
export interface ServiceCall {
  readonly route: Route;
  readonly message: Buffer;
  readonly caller: Caller;
  /** Limits the concurrent calls to the service. */
  readonly capacity: LoadLimit;
  /** Quotas that the request has been counted towards. */
  readonly quotas: readonly ClientQuota[];
  /** Aborts when the client disconnects, which cancels the call. */
  readonly signal: AbortSignal;
}

/**
 * Calls the method at its service. Throws UNAVAILABLE if too many calls to the service are running. If the
 * service returns an error, throws that error, with the JSON names of fields.
 */
export async function callService(
  { limiter, callTimeoutMs }: ServiceCallOptions,
  { route, message, caller, capacity, quotas, signal }: ServiceCall,
  request: IncomingMessage,
  response: GatewayResponse,
): Promise<Reply<Uint8Array>> {
  const { addressClient } = response.locals;
  const options: CallOptions = {
    deadline: within(callTimeoutMs),
    signal,
    metadata: metadataOf(request, response, caller),
  };
  try {
    return await capacity.run(() => route.dispatch(message, options, caller), addressClient.key);
  } catch (error) {
    const isCounted = quotas.some(({ quota }) => quota === "anonymous");
    if (isUnauthenticated(error) && !isCounted) await limiter.record(anonymousQuota(addressClient));
    throw withClientNames(error, route.binding);
  }
}

/**
 * Metadata of the call: all that a service learns of the request besides the message. Other headers of the
 * client are not forwarded.
 */
function metadataOf(
  { headers }: IncomingMessage,
  { locals }: GatewayResponse,
  caller: Caller,
): Record<string, string> {
  const { authorization } = headers;
  return {
    "x-request-id": locals.requestId,
    [CLIENT_ADDRESS_KEY]: locals.address,
    [CLIENT_AGENT_KEY]: cleanUserAgent(headers["user-agent"] ?? ""),
    ...(caller.kind !== "anonymous" && authorization !== undefined && { authorization }),
  };
}

/**
 * Returns the error with JSON names of fields, such as `licenseNumber`. The errors of services have the names
 * of the proto.
 */
function withClientNames(error: unknown, binding: RequestBinding): unknown {
  if (!(error instanceof ApiError) || error.violations.length === 0) return error;
  return new ApiError(error.reason, {
    metadata: error.metadata,
    violations: error.violations.map(({ field, description }) => ({
      field: asClientWrote(binding, field),
      description: withCamelCase(description),
    })),
    cause: error,
  });
}
