import { beforeAll, expect, test } from "@jest/globals";
import { TraceFlags, trace } from "@opentelemetry/api";
import { startTracing } from "./start-tracing.ts";
import { traceParent } from "./trace-parent.ts";

const TRACE_ID = "a".repeat(32);
beforeAll(() => void startTracing({ service: "test", ratio: 1 }));

test.each([
  ["01", 0, TraceFlags.NONE],
  ["01", 1, TraceFlags.SAMPLED],
  ["00", 1, TraceFlags.SAMPLED],
])("a caller's trace with flag %s and ratio %d gets the flag %d", (flag, ratio, traceFlags) => {
  const parent = traceParent(`00-${TRACE_ID}-${"b".repeat(16)}-${flag}`, ratio);
  expect(trace.getSpanContext(parent)).toMatchObject({ traceId: TRACE_ID, traceFlags });
});

test.each([
  [0, false],
  [1, true],
])("at ratio %d, the caller's span is the parent of ours: %s", (ratio, isParent) => {
  const sent = "b".repeat(16);
  const span = trace.getSpanContext(traceParent(`00-${TRACE_ID}-${sent}-01`, ratio));
  expect(span?.spanId).toMatch(/^[0-9a-f]{16}$/);
  expect(span?.spanId === sent).toBe(isParent);
});

test.each([undefined, "", "junk", `00-${"0".repeat(32)}-${"b".repeat(16)}-01`])(
  "%s starts a new trace",
  (header) => {
    expect(trace.getSpanContext(traceParent(header, 1))).toBeUndefined();
  },
);
