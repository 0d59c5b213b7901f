import { expect, test } from "@jest/globals";
import { ruleOf } from "@medconnect/platform/errors/catalogue.ts";
import { timed } from "@medconnect/platform/telemetry/database-durations.ts";
import { startProcessMetrics } from "@medconnect/platform/telemetry/start-process-metrics.ts";
import { reasonsOf } from "../openapi/problem-responses.ts";
import { contractRoutes } from "../testing/routes.ts";
import { KNOWN_METHODS } from "./observe.ts";
import { recordRequest } from "./request-metrics.ts";

/** Bytes of the text without compression. */
const MAX_SCRAPE_BYTES = 100_000;
const BOOKING = 'http_request_method="POST",http_route="/v1/bookings"';
const SECONDS = 0.123_456_7;
/** Success, unchanged, a client that left. The errors come from the contract. */
const OTHER_STATUSES = [200, 201, 204, 304, 499];

const readMetrics = startProcessMetrics("gateway", "0".repeat(40));

/** Records each route with each status that it can answer, and each method without a route. */
function callEverything(): void {
  for (const route of contractRoutes) {
    const errors = reasonsOf(route).map((reason) => ruleOf(reason).httpStatus);
    const methods = route.httpMethod === "GET" ? ["GET", "HEAD"] : [route.httpMethod];
    for (const status of new Set([...OTHER_STATUSES, ...errors])) {
      for (const method of methods) recordRequest({ method, route: route.path, status, seconds: SECONDS });
    }
  }
  for (const method of [...KNOWN_METHODS, "_OTHER"]) {
    for (const status of [200, 404, 503])
      recordRequest({ method, route: undefined, status, seconds: SECONDS });
  }
}

/** Records the gateway's commands to Redis: answered, timed out, and refused. */
async function useRedis(): Promise<void> {
  const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  for (const command of ["GET", "EVALSHA", "EVAL"]) {
    await timed("redis", command, async () => {});
    for (const error of [new Error("timed out"), refused])
      await timed("redis", command, () => Promise.reject(error)).catch(() => {});
  }
}

/** The metrics as they are after a hundred million calls of each kind. */
const withLongCounts = (text: string): string => text.replaceAll(/ \d+$/gm, " 100000000");

test("a scrape stays below 100 kB when every route has answered every status", async () => {
  callEverything();
  await useRedis();
  const text = await readMetrics();
  const routes = text.match(/^http_server_request_duration_seconds_count\{.*http_route=/gm);
  expect(routes).toHaveLength(contractRoutes.length);
  expect(text.match(/^http_server_errors_total\{.*http_route=/gm)).toHaveLength(contractRoutes.length);
  expect(Buffer.byteLength(withLongCounts(text))).toBeLessThanOrEqual(MAX_SCRAPE_BYTES);
});

test("a failed request counts in its route's duration, its route's errors and its status", async () => {
  const read = async (series: string) =>
    Number(
      (await readMetrics())
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.split(" ")[1] ?? 0,
    );
  const names = [
    `http_server_request_duration_seconds_bucket{${BOOKING},le="0.5"}`,
    `http_server_request_duration_seconds_bucket{${BOOKING},le="1"}`,
    `http_server_request_duration_seconds_count{${BOOKING}}`,
    `http_server_errors_total{${BOOKING}}`,
    'http_server_responses_total{http_response_status_code="503"}',
    'http_server_responses_total{http_response_status_code="429"}',
  ];
  const before = await Promise.all(names.map(read));
  const booking = { method: "POST", route: "/v1/bookings" };
  recordRequest({ ...booking, status: 503, seconds: 0.6 });
  recordRequest({ ...booking, status: 429, seconds: 0.1 });
  const after = await Promise.all(names.map(read));
  expect(after.map((value, index) => value - before[index]!)).toEqual([1, 2, 2, 1, 1, 1]);
});
