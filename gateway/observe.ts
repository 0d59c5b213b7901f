import type { Reason } from "@medconnect/platform/errors/catalogue.ts";
import { isRequestId, newId } from "@medconnect/platform/ids.ts";
import type { Logger } from "@medconnect/platform/log.ts";
import { durations } from "@medconnect/platform/telemetry/metrics.ts";
import { traceParent } from "@medconnect/platform/telemetry/trace-parent.ts";
import { activeTraceId, inSpan, SpanKind } from "@medconnect/platform/telemetry/tracing.ts";
import { type Span, SpanStatusCode } from "@opentelemetry/api";
import type { NextFunction, Request, Response } from "express";

/** Data that a request's steps share. */
export interface RequestContext {
  requestId: string;
  /** The route's template, once it is known. */
  route?: string;
  /** Why it was refused or failed, if it was. */
  reason?: Reason;
}

export type GatewayResponse = Response<unknown, RequestContext>;

/** nginx's status for a caller that went away before the answer. */
const CLIENT_CLOSED_REQUEST = 499;
/** HTTP semantic conventions: any other method counts as _OTHER, so that callers cannot make up time series. */
const KNOWN_METHODS = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
]);

const served = durations("http.server.request.duration", "How long requests took to answer");

/**
 * Gives each request its id and its span, and tells of it afterwards in one metric and one line of log: the route's
 * template, never the path or the query, which may be personal.
 */
export function observe({ log, traceRatio }: { log: Logger; traceRatio: number }) {
  return (request: Request, response: GatewayResponse, next: NextFunction): void => {
    const startedAtMs = performance.now();
    const sentId = request.get("x-request-id") ?? "";
    const requestId = isRequestId(sentId) ? sentId : newId();
    response.locals.requestId = requestId;
    response.setHeader("x-request-id", requestId);
    const method = KNOWN_METHODS.has(request.method) ? request.method : "_OTHER";
    const parent = traceParent(request.get("traceparent"), traceRatio);
    const attributes = { "http.request.method": method, "url.scheme": request.protocol };
    void inSpan(method, { kind: SpanKind.SERVER, attributes, parent }, async (span) => {
      response.setHeader("x-trace-id", activeTraceId());
      next();
      await new Promise<void>((resolve) => response.once("close", resolve));
      const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST;
      const { route, reason } = response.locals;
      const seconds = (performance.now() - startedAtMs) / 1000;
      describe(span, method, route, status);
      served(seconds, {
        "http.request.method": method,
        "http.response.status_code": status,
        ...(route !== undefined && { "http.route": route }),
      });
      log.info(
        { method, route, status, reason, durationMs: Math.round(seconds * 10_000) / 10, requestId },
        "request",
      );
    });
  };
}

function describe(span: Span, method: string, route: string | undefined, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (route !== undefined) span.updateName(`${method} ${route}`).setAttribute("http.route", route);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
}
