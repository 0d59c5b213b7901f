import type { IncomingMessage } from "node:http";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { authenticate, type Identity } from "@medconnect/platform/grpc/access.ts";
import { within } from "@medconnect/platform/grpc/client.ts";
import { CLIENT_ADDRESS_KEY, CLIENT_AGENT_KEY, cleanUserAgent } from "@medconnect/platform/grpc/origin.ts";
import type { CallerLimit } from "@medconnect/platform/network/caller-limit.ts";
import { networkOf } from "@medconnect/platform/network/client-network.ts";
import type { LoadLimits } from "@medconnect/platform/network/load-limit.ts";
import {
  MethodRules_Access as Access,
  MethodRules_RateClass as RateClass,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { send } from "../http/answer.ts";
import type { GatewayResponse } from "../http/gateway-response.ts";
import { countsOf, unknownCaller } from "../limits/quotas.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import { allowedMethods, type Router } from "../routing/router.ts";
import type { RequestBinding } from "../transcoding/binding.ts";
import { assertJson, readBody } from "../transcoding/body.ts";
import { assertConditions, conditional } from "../transcoding/conditions.ts";
import { asClientWrote } from "../transcoding/field-names.ts";
import { encodeRequest } from "../transcoding/request.ts";
import { countUnrouted, senderOf } from "./count-unrouted.ts";
import type { Route } from "./routes.ts";

export interface RpcHandlerOptions {
  router: Router<Route>;
  identity: Identity;
  limiter: RateLimiter;
  /** For each client. */
  callers: CallerLimit;
  /** For each service. */
  load: LoadLimits;
  /** How long a service may take to answer. */
  callTimeoutMs: number;
  /** How long the body of a request without a valid token may take to arrive. */
  anonymousBodyMs: number;
}

/**
 * Every RPC's way through the gateway, in an order of checks that clients can rely on: route (404, 405, or 429), limits
 * (429), token (401), body (413, 415, 400), then the checks of the service. The limits need the token's caller, so the token is
 * read before it, but refused after it.
 */
export function rpcHandler(options: RpcHandlerOptions) {
  const { router, identity, limiter, callers, load, callTimeoutMs, anonymousBodyMs } = options;
  return async (request: IncomingMessage, response: GatewayResponse): Promise<void> => {
    const { path, query } = splitTarget(request.url ?? "");
    const match = router.match(path);
    const route = match?.targets.get(request.method === "HEAD" ? "GET" : (request.method ?? ""));
    if (!match || !route) {
      await countUnrouted(options, request, response);
      if (!match) throw new ApiError("ROUTE_NOT_FOUND");
      response.locals.headers.push("allow", allowedMethods(match));
      if (request.method !== "OPTIONS") throw new ApiError("METHOD_NOT_ALLOWED");
      send(response, { status: 204, headers: {}, body: "" });
      return;
    }
    const { method, binding } = route;
    response.locals.route = route.path;

    const room = load.of(method);
    const { address } = response.locals;
    const network = networkOf(address);
    // First, because it is cheap: in a rush most calls are refused here.
    room.assertRoom(network);

    const { authorization } = request.headers;
    const caller = await authenticate(method.rules, authorization, identity).catch(refusedToken);
    const sender = ignoresToken(method) ? await senderOf(request, identity) : caller;
    const known = sender instanceof ApiError ? undefined : sender;
    // A client that left while its token was read: its response has closed already.
    if (response.destroyed) throw new ApiError("CANCELLED");
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort();
    });
    // Before the counts, so that a refusal in a burst costs no round trip to Redis.
    response.once("close", callers.enter(method, known, address));
    const counts = countsOf(method, known, address);
    await limiter.count(counts, (name, value) => response.locals.headers.push(name, value));
    if (caller instanceof ApiError) throw caller;

    assertConditions(request, method, binding);
    // Until its body has arrived, it holds one of the few places that its address has for requests without a token.
    const bodyMs = known?.kind === "anonymous" ? anonymousBodyMs : undefined;
    const body = await readBody(request, response, binding.bodyLimit, bodyMs);
    if (!binding.takesRawBody) assertJson(request, body);
    const message = encodeRequest(binding, { request, values: match.values, query, body });

    const callOptions = {
      deadline: within(callTimeoutMs),
      signal: gone.signal,
      metadata: {
        "x-request-id": response.locals.requestId,
        [CLIENT_ADDRESS_KEY]: address,
        [CLIENT_AGENT_KEY]: cleanUserAgent(request.headers["user-agent"] ?? ""),
        ...(caller.kind !== "anonymous" && authorization !== undefined && { authorization }),
      },
    };
    const reply = await room
      .run(() => route.dispatch(message, callOptions, caller), network)
      .catch(async (error: unknown) => {
        if (isUnauthenticated(error) && !counts.some(({ quota }) => quota === "anonymous"))
          await limiter.note(unknownCaller(address));
        throw inClientsWords(error, binding);
      });
    const answer = conditional(request, route.answer(reply.message, reply.trailer));
    if (route.isPublicData) answer.headers["cache-control"] = "public, max-age=60";
    send(response, answer);
  };
}

/** The path and the query of a request target, also in absolute form (RFC 9112 §3.2.2). */
function splitTarget(target: string): { path: string; query: string } {
  const origin = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = origin.indexOf("?");
  return mark < 0
    ? { path: origin, query: "" }
    : { path: origin.slice(0, mark), query: origin.slice(mark + 1) };
}

/** True if a method ignores tokens, although a valid one still decides the quota. */
const ignoresToken = ({ rules: { access, rate } }: Method): boolean =>
  access === Access.PUBLIC && rate !== RateClass.AUTH && rate !== RateClass.UNLIMITED;

const isUnauthenticated = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.rule.httpStatus === 401;

/** The refusal of a token, to be thrown after it has been counted. Rethrows any other failure. */
function refusedToken(error: unknown): ApiError {
  if (isUnauthenticated(error)) return error;
  throw error;
}

/** A service names fields as its proto does. */
function inClientsWords(error: unknown, binding: RequestBinding): unknown {
  if (!(error instanceof ApiError) || error.violations.length === 0) return error;
  return new ApiError(error.reason, {
    detail: error.message,
    metadata: error.metadata,
    violations: error.violations.map(({ field, description }) => ({
      field: asClientWrote(binding, field),
      description,
    })),
    cause: error,
  });
}
