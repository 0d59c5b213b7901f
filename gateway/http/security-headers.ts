import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import cors from "cors";
import type { Request, RequestHandler, Response } from "express";
import helmet from "helmet";

/** OWASP's header set; an API's answers are nothing that a browser should render or frame. */
const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { "default-src": ["'none'"], "frame-ancestors": ["'none'"] },
  },
  xFrameOptions: { action: "deny" },
});

/** The documentation page loads its own scripts and styles, and calls this API; the library's icons are data URIs. */
export const docsPageHeaders = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    "default-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
  },
});

const SENT_BY_PAGES = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "traceparent",
  "x-request-id",
];

const READ_BY_PAGES = [
  "etag",
  "idempotent-replayed",
  "location",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "www-authenticate",
  "x-request-id",
  "x-trace-id",
];

/** Lets pages of these origins, and no other, call from a browser. Without cookies, so without credentials mode. */
const crossOrigin = (origins: string[]) =>
  cors({
    origin: origins,
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowedHeaders: SENT_BY_PAGES,
    exposedHeaders: READ_BY_PAGES,
    maxAge: 600,
    // The router answers, because only it knows the routes.
    preflightContinue: true,
  });

/**
 * Headers of every answer that depend on nothing but method and origin of the request, as a flat list. The libraries run
 * once for each case, not for each request.
 */
export function commonHeaders(origins: string[]): (request: IncomingMessage) => readonly string[] {
  const handlers = [securityHeaders, crossOrigin(origins)] as RequestHandler[];
  const made = (method: string) =>
    new Map([undefined, ...origins].map((origin) => [origin, headersSetBy(handlers, method, origin)]));
  const [preflights, others] = [made("OPTIONS"), made("GET")];
  return ({ method, headers }) => {
    const cases = method === "OPTIONS" ? preflights : others;
    return cases.get(headers.origin) ?? cases.get(undefined)!;
  };
}

function headersSetBy(handlers: RequestHandler[], method: string, origin: string | undefined): string[] {
  const request = new IncomingMessage(new Socket());
  request.method = method;
  if (origin !== undefined) request.headers.origin = origin;
  const response = new ServerResponse(request);
  for (const handle of handlers) handle(request as Request, response as Response, () => {});
  return Object.entries(response.getHeaders()).flatMap(([name, value]) => [name, String(value)]);
}
