import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Reply } from "@medconnect/platform/grpc/client.ts";
import type { LoadLimits } from "@medconnect/platform/network/load-limit.ts";
import { send } from "../http/answer.ts";
import { clientGoneSignal } from "../http/client-gone.ts";
import type { GatewayResponse } from "../http/gateway-response.ts";
import type { Router } from "../routing/router.ts";
import { conditional } from "../transcoding/conditions.ts";
import { type IgnoredFields, nameIgnoredFields } from "../transcoding/ignored-fields.ts";
import { answerUnrouted } from "./answer-unrouted.ts";
import { callService, type ServiceCallOptions } from "./call-service.ts";
import type { UnroutedLimits } from "./count-unrouted.ts";
import { identify } from "./identify.ts";
import { type CallerLimits, limitCaller } from "./limit-caller.ts";
import { matchRequest } from "./match-request.ts";
import { readMessage } from "./read-message.ts";
import type { Route } from "./routes.ts";

export interface RpcHandlerOptions extends UnroutedLimits, CallerLimits, ServiceCallOptions {
  router: Router<Route>;
  /** Limits the concurrent calls to each service. */
  load: LoadLimits;
  /** Maximum time in ms for the body of a request without a valid token to arrive. */
  anonymousBodyMs: number;
}

/**
 * Handles an RPC over HTTP. The order of its checks is part of the API: if a request fails several, clients
 * get the error of the first.
 *
 * 1. route: 404, 405
 * 2. load of the service: 503
 * 3. limits of the caller: 429. The token names the caller, so the token is read before this check. An
 *    invalid token is refused only in step 4.
 * 4. token: 401
 * 5. message: 412, 413, 415, 400
 * 6. checks of the service
 *
 * `observe` records the request after its answer.
 */
export function rpcHandler(options: RpcHandlerOptions) {
  return async (request: IncomingMessage, response: GatewayResponse): Promise<void> => {
    const { match, route, query } = matchRequest(request, options.router);
    if (!match || !route) return await answerUnrouted(match, request, response, options);
    const { method } = route;
    response.locals.route = route.path;
    response.locals.headers.push(...route.headers);
    response.locals.isOAuth = method.rules.oauth;

    // The load is checked before the token, because this check is cheap. Under overload, most requests end
    // here.
    const capacity = options.load.of(method);
    capacity.assertRoom(response.locals.addressClient.key);

    const { caller, limitedCaller } = await identify(method, request, options.identity);
    const signal = clientGoneSignal(response);
    const quotas = await limitCaller(options, method, limitedCaller, response);
    if (caller instanceof ApiError) throw caller;

    // The body of an anonymous request must arrive soon, because until then it counts towards the few
    // concurrent requests of its address.
    const bodyMs = limitedCaller?.kind === "anonymous" ? options.anonymousBodyMs : undefined;
    const { message, ignored } = await readMessage(
      route,
      { values: match.values, query },
      request,
      response,
      bodyMs,
    );

    const call = { route, message, caller, capacity, quotas, signal };
    const reply = await callService(options, call, request, response);
    answerCall(route, reply, ignored, request, response);
  };
}

function answerCall(
  route: Route,
  { message, trailer }: Reply<Uint8Array>,
  ignored: IgnoredFields | undefined,
  request: IncomingMessage,
  response: GatewayResponse,
): void {
  const answer = conditional(request, route.encodeAnswer(message, trailer));
  if (ignored) nameIgnoredFields(answer, ignored);
  if (route.isPublicData) answer.headers["cache-control"] = "public, max-age=60";
  send(response, answer);
}
