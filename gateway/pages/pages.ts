import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import type { GatewayResponse, RequestContext } from "../http/gateway-response.ts";
import { consolePageHeaders, docsPageHeaders } from "../http/security-headers.ts";
import { type ConsoleOptions, consoleFiles, consolePages } from "./console.ts";
import { type DocumentationOptions, documentationFiles, documentationPages } from "./documentation.ts";
import { OAUTH_METADATA_PATH, serveOAuthMetadata } from "./oauth-metadata.ts";
import { SECURITY_TXT_PATH, serveSecurityTxt } from "./security-txt.ts";
import type { StaticPage } from "./static-page.ts";

type Handler = (request: IncomingMessage, response: GatewayResponse) => Promise<void>;

export interface PagesOptions extends DocumentationOptions {
  /** Contacts for reports of vulnerabilities, as URIs. Empty: there is no security.txt. */
  securityContacts: readonly string[];
  /** Absent: there is no console. */
  console?: ConsoleOptions | undefined;
  /** True while load balancers should send requests to this gateway. */
  ready: () => boolean;
  /** Counts a request for a page. Throws RATE_LIMITED. */
  count: Handler;
  /** Handles a request whose path is not a page. */
  otherwise: Handler;
  refuse: (error: unknown, request: IncomingMessage, response: GatewayResponse) => Promise<void>;
}

type PageResponse = Response<unknown, RequestContext>;

type Page = (request: Request, response: PageResponse) => unknown;

/**
 * Serves health checks, documentation and the console. Health checks have no rate limit. Otherwise, other clients at the
 * prober's address could use up the limit, and the gateway would look dead.
 */
export function createPages(options: PagesOptions): Express {
  const { count, otherwise, refuse } = options;
  const health = healthChecks(options.ready);
  const counted = countedPages(options);
  const pages = express();
  pages.disable("x-powered-by");
  pages.disable("etag");
  pages.disable("query parser");
  pages.use(async (request: Request, response: PageResponse) => {
    const page = health.get(request.path) ?? counted.get(request.path);
    if (!page) return otherwise(request, response);
    if (counted.has(request.path)) await count(request, response);
    beginPage(response);
    if (isRead(request, response)) await page(request, response);
  });
  pages.use((error: unknown, request: Request, response: PageResponse, _next: NextFunction) =>
    refuse(error, request, response),
  );
  return pages;
}

const healthChecks = (ready: () => boolean): Map<string, Page> =>
  new Map([
    ["/healthz", (_request, response) => sendText(response, 200, "ok")],
    [
      "/readyz",
      (_request, response) => sendText(response, ready() ? 200 : 503, ready() ? "ready" : "not ready"),
    ],
  ]);

/** Pages with a rate limit, by path. */
function countedPages(options: PagesOptions): Map<string, Page> {
  const { apiUrl, securityContacts, console } = options;
  return new Map<string, Page>([
    ["/", redirectTo("/docs/")],
    ["/docs/guides", redirectTo("/docs/guides/")],
    [OAUTH_METADATA_PATH, serveOAuthMetadata(apiUrl)],
    [SECURITY_TXT_PATH, serveSecurityTxt(securityContacts, apiUrl)],
    ...served(documentationPages(options), docsPageHeaders),
    ...served(documentationFiles(options)),
    ...(console ? served(consolePages(console), consolePageHeaders) : []),
    ...(console ? served(consoleFiles()) : []),
  ]);
}

const redirectTo =
  (path: string): Page =>
  (_request, response) =>
    response.redirect(302, path);

const served = (
  pages: Iterable<[path: string, page: StaticPage]>,
  setHeaders: RequestHandler = () => {},
): [string, Page][] =>
  [...pages].map(([path, page]) => [
    path,
    (request, response) => {
      setHeaders(request, response, () => {});
      return page.send(request, response);
    },
  ]);

const READ_METHODS = "GET, HEAD, OPTIONS";

/** Sets the common headers. */
function beginPage(response: PageResponse): void {
  setHeaders(response, response.locals.headers);
  response.setHeader("Cache-Control", "no-store");
}

/** True if the request reads the page. Answers OPTIONS. Throws METHOD_NOT_ALLOWED. */
function isRead({ method }: Request, response: Response): boolean {
  if (method === "GET" || method === "HEAD") return true;
  response.setHeader("Allow", READ_METHODS);
  if (method !== "OPTIONS") throw new ApiError("METHOD_NOT_ALLOWED");
  response.status(204).end();
  return false;
}

/** @param list alternating names and values */
function setHeaders(response: Response, list: readonly string[]): void {
  for (let i = 0; i + 1 < list.length; i += 2) response.setHeader(list[i] as string, list[i + 1] as string);
}

const sendText = (response: Response, status: number, word: string) =>
  response.status(status).type("text/plain").send(`${word}\n`);
