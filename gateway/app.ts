import type { IncomingMessage } from "node:http";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { hostErrors } from "./http/allowed-hosts.ts";
import type { TrustedProxies } from "./http/client-address.ts";
import type { ErrorAnswerOf } from "./http/error-answer.ts";
import type { GatewayResponse } from "./http/gateway-response.ts";
import { observe } from "./http/observe.ts";
import { problemHandler } from "./http/problem-handler.ts";
import { logRefusedOrigins } from "./http/refused-origins.ts";
import { syntaxErrorOf } from "./http/request-syntax.ts";
import { commonHeaders } from "./http/security-headers.ts";
import { createPages, type PagesOptions } from "./pages/pages.ts";
import { countUnrouted } from "./rpc/count-unrouted.ts";
import { type Route, routerOf } from "./rpc/routes.ts";
import { type RpcHandlerOptions, rpcHandler } from "./rpc/rpc-handler.ts";

type PageSettings = Pick<PagesOptions, "apiUrl" | "demo" | "securityContacts" | "console" | "ready">;

export interface AppOptions extends Omit<RpcHandlerOptions, "router">, PageSettings {
  routes: Route[];
  log: Logger;
  errorAnswerOf: ErrorAnswerOf;
  /** Sampling ratio (0 to 1) for traces that a client has started and this process continues. */
  traceRatio: number;
  /** True to log the path of each request, without its query. */
  logPaths: boolean;
  corsOrigins: string[];
  allowedHosts: string[];
  proxies: TrustedProxies;
}

/**
 * Request listener of the gateway. Each request passes these steps: observation, common headers, checks of
 * its syntax and host, then an RPC or a page. Only pages go through Express. Express takes 45 µs per request, more than all
 * steps of an RPC together.
 */
export function createApp(options: AppOptions) {
  const { routes, log, apiUrl, errorAnswerOf, traceRatio, logPaths, proxies } = options;
  const headersFor = commonHeaders(options.corsOrigins);
  const logRefusedOrigin = logRefusedOrigins({ origins: options.corsOrigins, apiUrl, log });
  const hostErrorOf = hostErrors(options.allowedHosts, apiUrl);
  const handleRpc = rpcHandler({ ...options, router: routerOf(routes) });
  const refuse = problemHandler(log, errorAnswerOf);
  const count = (request: IncomingMessage, response: GatewayResponse) =>
    countUnrouted(options, request, response);
  const pages = createPages({ ...options, count, otherwise: handleRpc, refuse });

  async function handle(request: IncomingMessage, response: GatewayResponse): Promise<void> {
    response.locals.headers.push(...headersFor(request));
    logRefusedOrigin(request);
    const error = syntaxErrorOf(request) ?? hostErrorOf(request);
    if (error) {
      await count(request, response);
      throw error;
    }
    if (request.url?.startsWith("/v1/")) await handleRpc(request, response);
    else pages(request, response);
  }

  return observe({ log, traceRatio, proxies, logPaths }, (request, response) => {
    handle(request, response).catch((error: unknown) => refuse(error, request, response));
  });
}
