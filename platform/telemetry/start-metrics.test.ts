import { expect, test } from "@jest/globals";
import { counter, durations, gauge, gaugeInBytes, gaugeInSeconds, lastRun, totalSeconds } from "./metrics.ts";
import { startMetrics } from "./start-metrics.ts";

const readMetrics = startMetrics("test");

/** Lines of the metric, without those of its buckets. */
async function linesOf(name: string): Promise<string[]> {
  const lines = (await readMetrics()).split("\n");
  return lines.filter((line) => line.split(/[ {]/).includes(name) && !line.startsWith("# HELP"));
}

test("each unit is at the end of the name, and before _total", async () => {
  counter("things.made", "Things")({ "kind.of": "a" }, 2);
  gauge("things.left", "Things", (report) => report(3));
  gaugeInSeconds("things.age", "Age", (report) => report(4));
  gaugeInBytes("things.size", "Size", (report) => report(5));
  totalSeconds("things.work", "Work", (report) => report(6));
  lastRun("things.last_run", "Run")(new Date(7000));
  expect(await linesOf("things_made_total")).toEqual([
    "# TYPE things_made_total counter",
    'things_made_total{kind_of="a"} 2',
  ]);
  expect(await linesOf("things_left")).toContain("things_left 3");
  expect(await linesOf("things_age_seconds")).toContain("things_age_seconds 4");
  expect(await linesOf("things_size_bytes")).toContain("things_size_bytes 5");
  expect(await linesOf("things_work_seconds_total")).toContain("things_work_seconds_total 6");
  expect(await linesOf("things_last_run_timestamp_seconds")).toContain("things_last_run_timestamp_seconds 7");
});

test("a histogram has the given buckets, or the usual ones", async () => {
  durations("call.duration", "Duration")(0.3, {});
  durations("short.duration", "Duration", [0.1, 1])(0.3, {});
  const text = await readMetrics();
  expect(text).toContain(
    'call_duration_seconds_bucket{le="0.25"} 0\ncall_duration_seconds_bucket{le="0.5"} 1\n',
  );
  expect(text).toMatch(
    /short_duration_seconds_bucket\{le="0.1"\} 0\nshort_duration_seconds_bucket\{le="1"\} 1\nshort_duration_seconds_bucket\{le="\+Inf"\} 1/,
  );
});

test("the text has no lines that Prometheus ignores, and no label of the library", async () => {
  const text = await readMetrics();
  expect(text).not.toContain("# UNIT");
  expect(text).not.toContain("otel_scope");
});
