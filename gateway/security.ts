import cors from "cors";
import type { NextFunction, Request, Response } from "express";
import helmet from "helmet";

/** Nothing is to be kept, unless a handler says otherwise: answers are about people. */
export function noStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader("Cache-Control", "no-store");
  next();
}

/** OWASP's header set; an API's answers are nothing that a browser should render or frame. */
export const securityHeaders = helmet({
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
export const crossOrigin = (origins: string[]) =>
  cors({
    origin: origins,
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowedHeaders: SENT_BY_PAGES,
    exposedHeaders: READ_BY_PAGES,
    maxAge: 600,
    // The router answers, because only it knows the routes.
    preflightContinue: true,
  });
