import { expect, test } from "@jest/globals";
import { spanOf } from "./testing/span-of.ts";
import { TraceStore } from "./trace-store.ts";

const LIMITS = { traces: 3, spansPerTrace: 2, size: 100_000 };
const idsIn = (store: TraceStore) => store.traces.map(({ id }) => id);

test("the newest traces are kept, and listed newest first", () => {
  const store = new TraceStore(LIMITS);
  for (const start of [1, 2, 3, 4, 5]) store.add([spanOf({ traceId: `t${start}`, startMs: start })]);
  expect(idsIn(store)).toEqual(["t5", "t4", "t3"]);
});

test("a trace keeps its first spans, and each once", () => {
  const store = new TraceStore(LIMITS);
  for (const spanId of ["a", "a", "b", "c"]) store.add([spanOf({ spanId })]);
  expect(store.traces[0]?.spans.map(({ spanId }) => spanId)).toEqual(["a", "b"]);
});

test("spans that arrive in several exports, in any order, make one trace", () => {
  const store = new TraceStore(LIMITS);
  store.add([spanOf({ spanId: "child", parentId: "root", startMs: 2, name: "SELECT" })]);
  expect(store.traces[0]?.name).toBe("SELECT");
  store.add([spanOf({ spanId: "root", name: "GET /", attributes: { "http.response.status_code": "200" } })]);
  expect(store.traces).toMatchObject([{ name: "GET /", status: "200" }]);
});

test("old traces make room for long texts", () => {
  const store = new TraceStore({ ...LIMITS, size: 1000 });
  const withText = (traceId: string, length: number) =>
    spanOf({ traceId, attributes: { "db.query.text": "x".repeat(length) } });
  store.add([withText("a", 200), withText("b", 200)]);
  expect(idsIn(store)).toEqual(["a", "b"]);
  store.add([withText("c", 700)]);
  expect(idsIn(store)).toEqual(["c"]);
});

test("a span above the whole size is not kept", () => {
  const store = new TraceStore({ ...LIMITS, size: 1000 });
  store.add([spanOf({ name: "x".repeat(1000) })]);
  expect(store.traces).toEqual([]);
  store.add([spanOf({})]);
  expect(store.traces).toHaveLength(1);
});
