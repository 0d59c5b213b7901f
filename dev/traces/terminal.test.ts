import { stripVTControlCharacters } from "node:util";
import { expect, test } from "@jest/globals";
import { traceLine, waterfallLines } from "./terminal.ts";
import { spanOf } from "./testing/span-of.ts";
import { traceOf } from "./waterfall.ts";

const BOOKING = traceOf("660ee1f9bd3f4e2d8a10c2f3b7a95e01", [
  spanOf({
    spanId: "http",
    durationMs: 30,
    isError: true,
    attributes: { "http.response.status_code": "409" },
  }),
  spanOf({
    spanId: "sql",
    parentId: "http",
    service: "scheduling",
    startMs: 10,
    durationMs: 10,
    attributes: { "db.query.text": "SELECT\n  id FROM slots" },
  }),
  spanOf({
    spanId: "late",
    parentId: "http",
    service: "billing",
    name: "\x1b[2Jevent",
    startMs: 30,
    durationMs: 0,
  }),
]);

test("a trace is one line", () => {
  expect(stripVTControlCharacters(traceLine(BOOKING))).toMatch(
    /^\d\d:\d\d:00 660ee1f9 GET \/v1\/bookings 409 30 ms$/,
  );
});

test("a span is one line below its parent's, with a bar of its time", () => {
  expect(waterfallLines(BOOKING).map(stripVTControlCharacters)).toEqual([
    `${"█".repeat(30)}    30 ms  gateway 409 GET /v1/bookings`,
    `${"·".repeat(10)}${"█".repeat(10)}${"·".repeat(10)}    10 ms    scheduling SELECT id FROM slots`,
    `${"·".repeat(29)}█   0.0 ms    billing \\u{1b}[2Jevent`,
  ]);
});
