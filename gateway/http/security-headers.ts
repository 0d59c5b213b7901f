import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import cors from "cors";
import type { Request, RequestHandler, Response } from "express";
import helmet from "helmet";
import { isLoopbackOrigin, LOOPBACK } from "./loopback.ts";

/** OWASP's recommended headers. Browsers must neither render nor frame the answers of an API. */
const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { "default-src": ["'none'"], "frame-ancestors": ["'none'"] },
  },
  xFrameOptions: { action: "deny" },
});

/**
 * Content-Security-Policy of documentation pages. They may load scripts of this host only, and call this API
 * only. Scalar writes style elements, and has fonts and images as data URIs.
 */
export const docsPageHeaders = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    "default-src": ["'self'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'", "data:"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
  },
});

/**
 * Content-Security-Policy of the console. It loads scripts and styles of this host only, and calls this API only.
 * The QR code of a second factor is a data URI. Without a policy for Trusted Types, no script can turn text into HTML.
 */
export const consolePageHeaders = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["'none'"],
  },
});

const REQUEST_HEADERS = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "traceparent",
  "x-request-id",
];

const RESPONSE_HEADERS = [
  "etag",
  "idempotent-replayed",
  "location",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "www-authenticate",
  "x-ignored-fields",
  "x-request-id",
  "x-trace-id",
];

/**
 * CORS: allows calls from pages of these origins only. `credentials` stays off, because the API uses no
 * cookies.
 */
const crossOrigin = (origins: readonly string[]) =>
  cors({
    origin: [...origins],
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: RESPONSE_HEADERS,
    maxAge: 600,
    // The gateway answers preflights itself, because only it knows the methods of each route.
    preflightContinue: true,
  });

/** Any origin of this machine. Its headers, with another origin in them, are those of all the others. */
const LOOPBACK_SAMPLE = "http://localhost";

/** True if CORS_ORIGINS allows calls from pages of this origin. */
export const isAllowedOrigin = (origins: readonly string[], origin: string): boolean =>
  (origin !== LOOPBACK && origins.includes(origin)) ||
  (origins.includes(LOOPBACK) && isLoopbackOrigin(origin));

/**
 * Headers of every answer, as a list of alternating names and values. They depend only on the method and the
 * origin of a request, so helmet and cors compute them only once for each combination, at the start.
 */
export function commonHeaders(origins: readonly string[]): (request: IncomingMessage) => readonly string[] {
  const listed = origins.map((origin) => (origin === LOOPBACK ? LOOPBACK_SAMPLE : origin));
  const handlers = [securityHeaders, crossOrigin(listed)] as RequestHandler[];
  const casesOf = (method: string) => {
    const byOrigin = new Map(listed.map((origin) => [origin, headersSetBy(handlers, method, origin)]));
    const ofSample = byOrigin.get(LOOPBACK_SAMPLE) ?? [];
    return {
      byOrigin,
      forLoopback: (origin: string) => ofSample.map((text) => (text === LOOPBACK_SAMPLE ? origin : text)),
      otherwise: headersSetBy(handlers, method, undefined),
    };
  };
  const [preflights, others] = [casesOf("OPTIONS"), casesOf("GET")];
  return ({ method, headers: { origin = "" } }) => {
    const { byOrigin, forLoopback, otherwise } = method === "OPTIONS" ? preflights : others;
    return byOrigin.get(origin) ?? (isAllowedOrigin(origins, origin) ? forLoopback(origin) : otherwise);
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
