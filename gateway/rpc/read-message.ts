import type { IncomingMessage } from "node:http";
import type { GatewayResponse } from "../http/gateway-response.ts";
import { assertMediaType, FORM, readBody } from "../transcoding/body.ts";
import { assertConditions } from "../transcoding/conditions.ts";
import { type EncodedRequest, encodeRequest } from "../transcoding/request.ts";
import type { Route } from "./routes.ts";

/** The parts of a request target that fill fields of the message. */
export interface TargetValues {
  /** Decoded values of the path variables, in the order of the template. */
  readonly values: readonly string[];
  readonly query: string;
}

/**
 * Reads the target, headers and body of a request as the protobuf message of its method. Throws
 * ETAG_MISMATCH, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_JSON, INVALID_REQUEST, REQUEST_TIMEOUT or
 * CANCELLED.
 *
 * @param bodyMs maximum time in ms for the body to arrive; by default, only the server's limit for the whole
 *   request applies
 */
export async function readMessage(
  { method, binding }: Route,
  { values, query }: TargetValues,
  request: IncomingMessage,
  response: GatewayResponse,
  bodyMs?: number,
): Promise<EncodedRequest> {
  assertConditions(request, method, binding);
  const body = await readBody(request, response, binding.bodyLimit, bodyMs);
  if (!binding.takesRawBody) {
    assertMediaType(request, body, binding.takesForm ? FORM : "application/json");
  }
  return encodeRequest(binding, { request, values, query, body });
}
