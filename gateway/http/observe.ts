import type { IncomingMessage } from "node:http";
import { isRequestId, newId } from "@medconnect/platform/ids/ids.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { durations } from "@medconnect/platform/telemetry/metrics.ts";
import { traceParent } from "@medconnect/platform/telemetry/trace-parent.ts";
import { activeTraceId, inSpan, SpanKind } from "@medconnect/platform/telemetry/tracing.ts";
import { type Span, SpanStatusCode } from "@opentelemetry/api";
import type { Proxies } from "./client-address.ts";
import type { GatewayResponse } from "./gateway-response.ts";

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

export interface ObserveOptions {
  log: Logger;
  /** Share of callers' traces that is recorded. */
  traceRatio: number;
  proxies: Proxies;
}

/**
 * Gives each request its id and its span, and tells of it afterwards in one metric and one line of log: the route's
 * template, never the path or the query, which may be personal.
 *
 * @param handle begins the answer
 */
export function observe(
  { log, traceRatio, proxies }: ObserveOptions,
  handle: (request: IncomingMessage, response: GatewayResponse) => void,
) {
  return (request: IncomingMessage, response: GatewayResponse): void => {
    const startedAtMs = performance.now();
    const sentId = String(request.headers["x-request-id"] ?? "");
    const requestId = isRequestId(sentId) ? sentId : newId();
    const method = KNOWN_METHODS.has(request.method ?? "") ? request.method! : "_OTHER";
    const parent = traceParent(request.headers.traceparent as string | undefined, traceRatio);
    const attributes = { "http.request.method": method, "url.scheme": proxies.schemeOf(request) };
    void inSpan(method, { kind: SpanKind.SERVER, attributes, parent }, async (span) => {
      response.locals = {
        requestId,
        address: proxies.addressOf(request),
        headers: ["x-request-id", requestId, "x-trace-id", activeTraceId()],
      };
      handle(request, response);
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
