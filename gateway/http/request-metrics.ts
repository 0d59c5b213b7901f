import { counter, durations } from "@medconnect/platform/telemetry/metrics.ts";

/**
 * Upper bounds of the buckets, in seconds: the objective for bookings (deploy/observability/slo.yml), and the
 * limit of the alert GatewaySlow. Each bound is a line for each route, and the gateway has the most routes of
 * all processes. Its metrics stay below 100 kB whatever is called; durations of RPCs are finer.
 */
const BUCKETS = [0.5, 1];

const recordDuration = durations(
  "http.server.request.duration",
  "Duration of HTTP requests, by route",
  BUCKETS,
);
const countResponse = counter("http.server.responses", "Responses to HTTP requests, by status");
const countError = counter("http.server.errors", "Requests answered with 5xx, by route");

export interface AnsweredRequest {
  method: string;
  /** Path template of the route; undefined if the request matched none. */
  route: string | undefined;
  status: number;
  seconds: number;
}

/**
 * Records the duration and outcome of a request. The status is no label of the duration: with it, each route
 * had all buckets once for each status, and the metrics grew to 300 kB.
 */
export function recordRequest({ method, route, status, seconds }: AnsweredRequest): void {
  const attributes = {
    // HEAD is handled by the route of GET.
    "http.request.method": method === "HEAD" ? "GET" : method,
    ...(route !== undefined && { "http.route": route }),
  };
  recordDuration(seconds, attributes);
  countResponse({ "http.response.status_code": status });
  if (status >= 500) countError(attributes);
}
