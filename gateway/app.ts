import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Logger } from "@medconnect/platform/log.ts";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { countUnrouted } from "./count-unrouted.ts";
import { DOCS_PATHS, docsPage } from "./docs/docs-page.ts";
import { type GatewayResponse, observe } from "./observe.ts";
import { serveOpenApi } from "./openapi/serve.ts";
import { problemHandler } from "./problem-handler.ts";
import { mistakeInSyntax } from "./request-syntax.ts";
import { type Route, routerOf } from "./routing/routes.ts";
import { type RpcHandlerOptions, rpcHandler } from "./rpc-handler.ts";
import { crossOrigin, noStore, securityHeaders } from "./security.ts";
import { warnOfUntrustedProxy } from "./untrusted-proxy.ts";

export interface AppOptions extends Omit<RpcHandlerOptions, "router"> {
  routes: Route[];
  log: Logger;
  /** The share of callers' traces that is recorded. */
  traceRatio: number;
  corsOrigins: string[];
  /** A number of proxies, or their CIDRs. */
  trustProxy: number | string[];
  /** Whether new requests should come here. */
  ready: () => boolean;
}

/** The gateway from the outside in. Express only keeps the order; which RPC is meant, the descriptors say. */
export function createApp(options: AppOptions): Express {
  const { routes, log, traceRatio, corsOrigins, trustProxy, ready } = options;
  const app = express();
  app.set("trust proxy", trustProxy);
  app.disable("etag");
  app.disable("query parser");
  app.enable("case sensitive routing");
  app.use(observe({ log, traceRatio }));
  app.use(noStore, securityHeaders);
  app.use(async (request: Request, response: GatewayResponse, next: NextFunction) => {
    const mistake = mistakeInSyntax(request);
    if (mistake) {
      await countUnrouted(options, request, response);
      throw mistake;
    }
    next();
  });
  app.use(warnOfUntrustedProxy(log));
  app.use(crossOrigin(corsOrigins));
  app.all(DOCUMENTATION, async (request: Request, response: GatewayResponse, next: NextFunction) => {
    await countUnrouted(options, request, response);
    next();
  });
  app.options(READ_ONLY, tellMethods);
  app.get("/healthz", (_request, response) => say(response, 200, "ok"));
  app.get("/readyz", (_request, response) =>
    say(response, ready() ? 200 : 503, ready() ? "ready" : "not ready"),
  );
  app.get("/openapi.json", serveOpenApi(routes));
  app.use("/docs", docsPage());
  app.all(READ_ONLY, refuseMethod);
  app.use(rpcHandler({ ...options, router: routerOf(routes) }));
  app.use(problemHandler(log));
  return app;
}

const DOCUMENTATION = ["/openapi.json", ...DOCS_PATHS.map((path) => `/docs${path}`)];
/** Paths that are no RPC. Health checks have no limit: a busy neighbour must not make a gateway look dead. */
const READ_ONLY = ["/healthz", "/readyz", ...DOCUMENTATION];
const READ_METHODS = "GET, HEAD, OPTIONS";

const tellMethods = (_request: Request, response: Response) =>
  response.status(204).setHeader("Allow", READ_METHODS).end();

function refuseMethod(_request: Request, response: Response): never {
  response.setHeader("Allow", READ_METHODS);
  throw new ApiError("METHOD_NOT_ALLOWED");
}

const say = (response: Response, status: number, word: string) =>
  response.status(status).type("text/plain").send(`${word}\n`);
