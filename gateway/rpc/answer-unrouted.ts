import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { send } from "../http/answer.ts";
import type { GatewayResponse } from "../http/gateway-response.ts";
import { allowedMethods, type Match } from "../routing/router.ts";
import { countUnrouted, type UnroutedLimits } from "./count-unrouted.ts";
import type { Route } from "./routes.ts";

/**
 * Handles a request that matches no RPC. Answers OPTIONS for a known path. Otherwise throws RATE_LIMITED,
 * ROUTE_NOT_FOUND or METHOD_NOT_ALLOWED.
 */
export async function answerUnrouted(
  match: Match<Route> | undefined,
  request: IncomingMessage,
  response: GatewayResponse,
  limits: UnroutedLimits,
): Promise<void> {
  await countUnrouted(limits, request, response);
  if (!match) throw new ApiError("ROUTE_NOT_FOUND");
  response.locals.headers.push("allow", allowedMethods(match));
  if (request.method !== "OPTIONS") throw new ApiError("METHOD_NOT_ALLOWED");
  send(response, { status: 204, headers: {}, body: "" });
}
