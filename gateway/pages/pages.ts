import type { IncomingMessage } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { GatewayResponse, RequestContext } from "../http/gateway-response.ts";
import { consolePageHeaders, docsPageHeaders } from "../http/security-headers.ts";
import { type ConsoleOptions, consoleFiles, consolePages } from "./console.ts";
import { type DocumentationOptions, documentation } from "./documentation.ts";
import { OAUTH_METADATA_PATH, serveOAuthMetadata } from "./oauth-metadata.ts";
import { securityTxt } from "./security-txt.ts";
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

/**
 * Serves health checks, documentation and the console. Health checks have no rate limit. Otherwise, other clients at the
 * prober's address could use up the limit, and the gateway would look dead.
 */
export function createPages(options: PagesOptions): Express {
  const { apiUrl, securityContacts, console, ready, count, otherwise, refuse } = options;
  const consoles = console ? consolePages(console) : new Map<string, StaticPage>();
  const documents = new Map([...documentation(options), ...consoles, ...(console ? consoleFiles() : [])]);
  const isCounted = (path: string) => OTHER_PAGES.includes(path) || documents.has(path);
  const pages = express();
  pages.disable("x-powered-by");
  pages.disable("etag");
  pages.disable("query parser");
  pages.enable("case sensitive routing");
  pages.enable("strict routing");
  pages.use(async (request: Request, response: PageResponse, next: NextFunction) => {
    if (HEALTH.includes(request.path)) return beginPage(request, response, next);
    if (!isCounted(request.path)) return otherwise(request, response);
    await count(request, response);
    beginPage(request, response, next);
  });
  pages.get("/healthz", (_request, response) => sendText(response, 200, "ok"));
  pages.get("/readyz", (_request, response) =>
    sendText(response, ready() ? 200 : 503, ready() ? "ready" : "not ready"),
  );
  pages.get(OAUTH_METADATA_PATH, serveOAuthMetadata(apiUrl));
  pages.get(FOLDERS, (_request, response) => response.redirect(302, "/docs/"));
  pages.get(SECURITY_TXT, (_request, response) => {
    if (securityContacts.length === 0) {
      throw new ApiError("ROUTE_NOT_FOUND", {
        detail: "There is no contact. The operator sets SECURITY_CONTACT.",
      });
    }
    response.type("text/plain").send(securityTxt(securityContacts, apiUrl, new Date()));
  });
  pages.get(/^\/docs(\/|\/errors)?$/, docsPageHeaders);
  pages.get([...consoles.keys()], consolePageHeaders);
  pages.get("/*path", (request: Request, response: Response) =>
    documents.get(request.path)?.send(request, response),
  );
  pages.use((error: unknown, request: Request, response: PageResponse, _next: NextFunction) =>
    refuse(error, request, response),
  );
  return pages;
}

const HEALTH = ["/healthz", "/readyz"];
const SECURITY_TXT = "/.well-known/security.txt";
/** Folders without a page of their own. `/docs/` shows what is in them: all operations, with the guides. */
const FOLDERS = ["/", "/docs/guides", "/docs/guides/"];
/** Paths of pages outside of the documentation. */
const OTHER_PAGES = [...FOLDERS, SECURITY_TXT, OAUTH_METADATA_PATH];
const READ_METHODS = "GET, HEAD, OPTIONS";

/** Sets the common headers. Answers OPTIONS, and refuses methods that change something. */
function beginPage(request: Request, response: PageResponse, next: NextFunction): void {
  setHeaders(response, response.locals.headers);
  response.setHeader("Cache-Control", "no-store");
  if (request.method === "GET" || request.method === "HEAD") {
    next();
    return;
  }
  response.setHeader("Allow", READ_METHODS);
  if (request.method !== "OPTIONS") throw new ApiError("METHOD_NOT_ALLOWED");
  response.status(204).end();
}

/** @param list alternating names and values */
function setHeaders(response: Response, list: readonly string[]): void {
  for (let i = 0; i + 1 < list.length; i += 2) response.setHeader(list[i] as string, list[i + 1] as string);
}

const sendText = (response: Response, status: number, word: string) =>
  response.status(status).type("text/plain").send(`${word}\n`);
