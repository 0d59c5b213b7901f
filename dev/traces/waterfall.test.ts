import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { spanOf } from "./testing/span-of.ts";
import { errorOf, extentOf, labelOf, type Row, traceOf, waterfallOf } from "./waterfall.ts";

/** Ids of the spans, indented by one dot a level. */
const linesOf = (rows: readonly Row[]): string[] =>
  rows.map(({ span, depth }) => ".".repeat(depth) + span.spanId);

const span = (spanId: string, parentId: string, startMs: number) => spanOf({ spanId, parentId, startMs });

describe("a waterfall", () => {
  test("has children below their parents, by their start, whatever the order of arrival", () => {
    const spans = [
      span("sql2", "rpc", 4),
      span("sql1", "rpc", 3),
      span("event", "rpc", 5),
      span("rpc", "http", 2),
    ];
    expect(linesOf(waterfallOf([...spans, span("http", "", 1)]))).toEqual([
      "http",
      ".rpc",
      "..sql1",
      "..sql2",
      "..event",
    ]);
  });

  test("has spans whose parents did not arrive at the top", () => {
    expect(linesOf(waterfallOf([span("b", "lost", 2), span("a", "", 1), span("c", "b", 3)]))).toEqual([
      "a",
      "b",
      ".c",
    ]);
  });

  test("leaves out spans that are each other's parents", () => {
    const loop = [span("a", "b", 1), span("b", "a", 2), span("self", "self", 3)];
    expect(waterfallOf(loop)).toEqual([]);
    expect(traceOf("t", loop).name).toBe("GET /v1/bookings");
  });

  test("shows each span once at most, for any parents", () => {
    const ids = fc.constantFrom("", "a", "b", "c", "d", "e");
    const unique = { selector: ({ spanId }: { spanId: string }) => spanId, minLength: 1 };
    const made = fc.record({ spanId: ids.filter(Boolean), parentId: ids, startMs: fc.nat(9) });
    fc.assert(
      fc.property(fc.uniqueArray(made, unique), (fields) => {
        const shown = linesOf(waterfallOf(fields.map(spanOf))).map((line) => line.replace(/^\.+/, ""));
        expect(new Set(shown).size).toBe(shown.length);
      }),
    );
  });
});

test("a trace has the facts of its first span, and the extent of all", () => {
  const spans = [
    spanOf({ spanId: "event", parentId: "http", startMs: 40, durationMs: 20 }),
    spanOf({
      spanId: "http",
      startMs: 10,
      durationMs: 35,
      attributes: { "http.response.status_code": "409" },
    }),
  ];
  expect(traceOf("t", spans)).toMatchObject({
    name: "GET /v1/bookings",
    status: "409",
    startMs: 10,
    durationMs: 35,
  });
  expect(extentOf(spans)).toEqual({ startMs: 10, lengthMs: 50 });
});

test.each([
  ["medconnect.scheduling.v1.BookingService/CreateBooking", {}, "BookingService/CreateBooking"],
  ["POST /v1/bookings", {}, "POST /v1/bookings"],
  ["SELECT medconnect_auth", { "db.query.text": "SELECT 1\n   FROM t" }, "SELECT 1 FROM t"],
])("%s with %j has the label %s", (name, attributes, label) => {
  expect(labelOf(spanOf({ name, attributes }))).toBe(label);
});

test.each([
  [{ "error.type": "SLOT_UNAVAILABLE" }, "SLOT_UNAVAILABLE"],
  [{ "http.response.status_code": "409" }, "409"],
  [{}, "error"],
])("the error of %j is %s", (attributes, error) => {
  expect(errorOf(spanOf({ attributes, isError: true }))).toBe(error);
  expect(errorOf(spanOf({ attributes }))).toBe("");
});
