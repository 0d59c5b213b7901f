import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { GatewayResponse, RequestContext } from "../http/gateway-response.ts";
import type { Route } from "../rpc/routes.ts";
import { DOCS_PATHS, docsPage } from "./docs-page.ts";
import { serveOpenApi } from "./openapi-document.ts";

type Handler = (request: IncomingMessage, response: GatewayResponse) => Promise<void>;

export interface PagesOptions {
  routes: Route[];
  /** URL at which clients reach the API, without a trailing slash. */
  apiUrl: string;
  /** True while load balancers should send requests to this gateway. */
  ready: () => boolean;
  /** Counts a request for documentation. Throws RATE_LIMITED. */
  count: Handler;
  /** Handles a request whose path is not a page. */
  otherwise: Handler;
  refuse: (error: unknown, request: IncomingMessage, response: GatewayResponse) => Promise<void>;
}

type PageResponse = Response<unknown, RequestContext>;

/** Serves health checks and documentation. */
export function createPages({ routes, apiUrl, ready, count, otherwise, refuse }: PagesOptions): Express {
  const pages = express();
  pages.disable("x-powered-by");
  pages.disable("etag");
  pages.disable("query parser");
  pages.enable("case sensitive routing");
  pages.all(DOCUMENTATION, async (request: Request, response: PageResponse, next: NextFunction) => {
    await count(request, response);
    next();
  });
  pages.all(READ_ONLY, setCommonHeaders);
  pages.options(READ_ONLY, answerOptions);
  pages.get("/healthz", (_request, response) => sendText(response, 200, "ok"));
  pages.get("/readyz", (_request, response) =>
    sendText(response, ready() ? 200 : 503, ready() ? "ready" : "not ready"),
  );
  pages.get("/openapi.json", serveOpenApi(routes, apiUrl));
  pages.get("/", (_request, response) => response.redirect(302, "/docs/"));
  pages.use("/docs", docsPage(routes, apiUrl));
  pages.all(READ_ONLY, refuseMethod);
  pages.use(otherwise);
  pages.use((error: unknown, request: Request, response: PageResponse, _next: NextFunction) =>
    refuse(error, request, response),
  );
  return pages;
}

const DOCUMENTATION = ["/", "/openapi.json", ...DOCS_PATHS.map((path) => `/docs${path}`)];
/**
 * Paths of pages, which can only be read. Health checks have no rate limit. Otherwise, other clients at the
 * prober's address could use up the limit, and the gateway would look dead.
 */
const READ_ONLY = ["/healthz", "/readyz", ...DOCUMENTATION];
const READ_METHODS = "GET, HEAD, OPTIONS";

function setCommonHeaders(_request: Request, response: PageResponse, next: NextFunction): void {
  const { headers } = response.locals;
  for (const [i, value] of headers.entries()) {
    const name = headers[i - 1];
    if (i % 2 === 1 && name !== undefined) response.setHeader(name, value);
  }
  response.setHeader("Cache-Control", "no-store");
  next();
}

const answerOptions = (_request: Request, response: Response) =>
  response.status(204).setHeader("Allow", READ_METHODS).end();

function refuseMethod(_request: Request, response: Response): never {
  response.setHeader("Allow", READ_METHODS);
  throw new ApiError("METHOD_NOT_ALLOWED");
}

const sendText = (response: Response, status: number, word: string) =>
  response.status(status).type("text/plain").send(`${word}\n`);
