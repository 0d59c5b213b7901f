import type { IncomingMessage } from "node:http";
import { isRequestId, newId } from "@medconnect/platform/ids/ids.ts";
import { byAddress } from "@medconnect/platform/network/client.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { traceParent } from "@medconnect/platform/telemetry/trace-parent.ts";
import { activeTraceId, inSpan, SpanKind } from "@medconnect/platform/telemetry/tracing.ts";
import { type Span, SpanStatusCode } from "@opentelemetry/api";
import type { TrustedProxies } from "./client-address.ts";
import type { GatewayResponse } from "./gateway-response.ts";
import { recordRequest } from "./request-metrics.ts";

/** Status for the log if the client disconnected before it got the answer. nginx logs the same. */
const CLIENT_CLOSED_REQUEST = 499;
/** Length at which a logged path is cut. */
const MAX_PATH = 256;
/**
 * Methods recorded by name. All others are recorded as _OTHER (OpenTelemetry HTTP conventions), so that
 * clients cannot create metric time series with invented methods.
 */
export const KNOWN_METHODS = new Set([
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

export interface ObserveOptions {
  log: Logger;
  /** Sampling ratio (0 to 1) for traces that a client has started and this process continues. */
  traceRatio: number;
  proxies: TrustedProxies;
  /** True to log the path of each request, without its query. */
  logPaths: boolean;
}

/**
 * Gives each request an id and a span. After the answer, records the duration of the request and writes one
 * log line. Metric and log line name the template of the route, because the real path and query may hold
 * personal data. With `logPaths`, the log line has the path, too.
 *
 * @param handle answers the request
 */
export function observe(
  { log, traceRatio, proxies, logPaths }: ObserveOptions,
  handle: (request: IncomingMessage, response: GatewayResponse) => void,
) {
  return (request: IncomingMessage, response: GatewayResponse): void => {
    const startedAtMs = performance.now();
    const sentId = String(request.headers["x-request-id"] ?? "");
    const requestId = isRequestId(sentId) ? sentId : newId();
    const { method: sentMethod = "" } = request;
    const method = KNOWN_METHODS.has(sentMethod) ? sentMethod : "_OTHER";
    const parent = traceParent(request.headers.traceparent as string | undefined, traceRatio);
    const attributes = {
      "http.request.method": method,
      "url.scheme": proxies.schemeOf(request),
      "medconnect.request_id": requestId,
    };
    void inSpan(method, { kind: SpanKind.SERVER, attributes, parent }, async (span) => {
      const address = proxies.addressOf(request);
      const traceId = activeTraceId();
      response.locals = {
        requestId,
        traceId,
        address,
        addressClient: byAddress(address),
        headers: ["x-request-id", requestId, "x-trace-id", traceId],
      };
      handle(request, response);
      await new Promise<void>((resolve) => response.once("close", resolve));
      const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST;
      const { route, reason } = response.locals;
      const seconds = (performance.now() - startedAtMs) / 1000;
      describe(span, method, route, status);
      recordRequest({ method, route, status, seconds });
      const path = logPaths ? pathOf(request) : undefined;
      const durationMs = Math.round(seconds * 10_000) / 10;
      log.info({ method, route, path, status, reason, durationMs, requestId }, "request");
    });
  };
}

const pathOf = ({ url = "" }: IncomingMessage): string => url.split("?", 1)[0]?.slice(0, MAX_PATH) ?? "";

function describe(span: Span, method: string, route: string | undefined, status: number): void {
  span.setAttribute("http.response.status_code", status);
  if (route !== undefined) span.updateName(`${method} ${route}`).setAttribute("http.route", route);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
}
