import { expect, test } from "@jest/globals";
import { spanOf } from "./testing/span-of.ts";
import { TraceStore } from "./trace-store.ts";

const idsIn = (store: TraceStore) => store.traces.map(({ id }) => id);

test("the newest traces are kept, and listed newest first", () => {
  const store = new TraceStore();
  for (let start = 0; start <= 1000; start++) store.add([spanOf({ traceId: `t${start}`, startMs: start })]);
  const ids = idsIn(store);
  expect(ids.slice(0, 2)).toEqual(["t1000", "t999"]);
  expect(ids).toHaveLength(1000);
});

test("a trace keeps its first spans, and each once", () => {
  const store = new TraceStore();
  store.add(["a", "b", "a"].map((spanId) => spanOf({ spanId })));
  store.add(["b", "c"].map((spanId) => spanOf({ spanId })));
  expect(store.traces[0]?.spans.map(({ spanId }) => spanId)).toEqual(["a", "b", "c"]);
  store.add(Array.from({ length: 1000 }, (_, i) => spanOf({ spanId: `${i}` })));
  expect(store.traces[0]?.spans).toHaveLength(1000);
  expect(store.traces[0]?.spans.at(-1)?.spanId).toBe("996");
});

test("spans that arrive in several exports, in any order, make one trace", () => {
  const store = new TraceStore();
  store.add([spanOf({ spanId: "child", parentId: "root", startMs: 2, name: "SELECT" })]);
  expect(store.traces[0]?.name).toBe("SELECT");
  store.add([spanOf({ spanId: "root", name: "GET /", attributes: { "http.response.status_code": "200" } })]);
  expect(store.traces).toMatchObject([{ name: "GET /", status: "200" }]);
});

test("old traces make room for long texts", () => {
  const store = new TraceStore();
  const withText = (traceId: string, millions: number) =>
    spanOf({ traceId, attributes: { "db.query.text": "x".repeat(millions * 1e6) } });
  store.add([withText("a", 15), withText("b", 15)]);
  expect(idsIn(store)).toEqual(["b", "a"]);
  store.add([withText("c", 55)]);
  expect(idsIn(store)).toEqual(["c"]);
});

test("a span above the whole size is not kept", () => {
  const store = new TraceStore();
  store.add([spanOf({ name: "x".repeat(70e6) })]);
  expect(store.traces).toEqual([]);
  store.add([spanOf({})]);
  expect(store.traces).toHaveLength(1);
});
