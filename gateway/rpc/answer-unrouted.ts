import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { send } from "../http/answer.ts";
import type { GatewayResponse } from "../http/gateway-response.ts";
import { describeUnknownPath } from "../routing/nearest-route.ts";
import { allowedMethods, type Match, type Router } from "../routing/router.ts";
import { countUnrouted, type UnroutedLimits } from "./count-unrouted.ts";
import { splitTarget } from "./match-request.ts";
import type { Route } from "./routes.ts";

interface UnroutedOptions extends UnroutedLimits {
  router: Router<Route>;
}

/**
 * Handles a request that matches no RPC. Answers OPTIONS for a known path. Otherwise throws RATE_LIMITED,
 * ROUTE_NOT_FOUND or METHOD_NOT_ALLOWED.
 */
export async function answerUnrouted(
  match: Match<Route> | undefined,
  request: IncomingMessage,
  response: GatewayResponse,
  options: UnroutedOptions,
): Promise<void> {
  await countUnrouted(options, request, response);
  const { method = "", url = "" } = request;
  if (!match) {
    const detail = describeUnknownPath(options.router.routes, method, splitTarget(url).path);
    throw new ApiError("ROUTE_NOT_FOUND", { detail });
  }
  const allowed = allowedMethods(match);
  response.locals.headers.push("allow", allowed.join(", "));
  if (method !== "OPTIONS") {
    throw new ApiError("METHOD_NOT_ALLOWED", {
      detail: `This path does not take ${method}. It takes ${allowed.join(", ")}.`,
    });
  }
  send(response, { status: 204, headers: {}, body: "" });
}
