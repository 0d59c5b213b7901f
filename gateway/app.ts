import type { IncomingMessage } from "node:http";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import type { Proxies } from "./http/client-address.ts";
import type { GatewayResponse } from "./http/gateway-response.ts";
import { observe } from "./http/observe.ts";
import { problemHandler } from "./http/problem-handler.ts";
import { mistakeInSyntax } from "./http/request-syntax.ts";
import { commonHeaders } from "./http/security-headers.ts";
import { createPages } from "./pages/pages.ts";
import { countUnrouted } from "./rpc/count-unrouted.ts";
import { type Route, routerOf } from "./rpc/routes.ts";
import { type RpcHandlerOptions, rpcHandler } from "./rpc/rpc-handler.ts";

export interface AppOptions extends Omit<RpcHandlerOptions, "router"> {
  routes: Route[];
  log: Logger;
  /** The share of callers' traces that is recorded. */
  traceRatio: number;
  corsOrigins: string[];
  proxies: Proxies;
  /** Whether new requests should come here. */
  ready: () => boolean;
}

/**
 * The gateway from the outside in. Descriptors say which RPC is meant. Express serves the pages alone, because it took 45 µs
 * of each call, more than all the gateway's own steps.
 */
export function createApp(options: AppOptions) {
  const { routes, log, traceRatio, corsOrigins, proxies, ready } = options;
  const headersFor = commonHeaders(corsOrigins);
  const call = rpcHandler({ ...options, router: routerOf(routes) });
  const refuse = problemHandler(log);
  const count = (request: IncomingMessage, response: GatewayResponse) =>
    countUnrouted(options, request, response);
  const pages = createPages({ routes, ready, count, otherwise: call, refuse });

  async function handle(request: IncomingMessage, response: GatewayResponse): Promise<void> {
    response.locals.headers.push(...headersFor(request));
    const mistake = mistakeInSyntax(request);
    if (mistake) {
      await count(request, response);
      throw mistake;
    }
    if (request.url?.startsWith("/v1/")) await call(request, response);
    else pages(request, response);
  }

  return observe({ log, traceRatio, proxies }, (request, response) => {
    handle(request, response).catch((error: unknown) => refuse(error, request, response));
  });
}
