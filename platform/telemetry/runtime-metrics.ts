import {
  constants,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { getHeapSpaceStatistics } from "node:v8";
import { durations, gaugeInBytes, gaugeInSeconds, totalSeconds } from "./metrics.ts";

/**
 * Interval in ms at which the delay of the event loop is measured. Each time wakes an idle process for 40 µs of
 * CPU, so a shorter one would cost as much as a percent of a booking.
 */
const RESOLUTION_MS = 100;

/** Entry of a garbage collection. Node's types lack the detail. */
type CollectionEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };

const GC_TYPES: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
};

/** Upper bounds of the buckets in seconds, by the conventions. */
const GC_BUCKETS = [0.01, 0.1, 1, 10];
const collected = durations("v8js.gc.duration", "Duration of garbage collections", GC_BUCKETS);

/**
 * Reports the event loop, garbage collections and heap by the OpenTelemetry conventions. The instrumentation
 * of OpenTelemetry for this needs a package that patches libraries (docs/decisions/0005).
 */
export function observeRuntime(): void {
  observeEventLoop();
  new PerformanceObserver((list) => {
    for (const { duration, detail } of list.getEntries() as CollectionEntry[]) {
      collected(duration / 1000, { "v8js.gc.type": GC_TYPES[detail.kind] ?? "_OTHER" });
    }
  }).observe({ entryTypes: ["gc"] });
  gaugeInBytes("v8js.memory.heap.used", "Heap in use, by space", (report) => {
    for (const { space_name, space_used_size } of getHeapSpaceStatistics())
      report(space_used_size, { "v8js.heap.space.name": space_name });
  });
}

function observeEventLoop(): void {
  totalSeconds("nodejs.eventloop.time", "Time that the event loop was active or idle", (report) => {
    const { active, idle } = performance.eventLoopUtilization();
    report(active / 1000, { "nodejs.eventloop.state": "active" });
    return report(idle / 1000, { "nodejs.eventloop.state": "idle" });
  });
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  /** Delay in seconds. A timer that is on time counts as late by the resolution; NaN without a timer yet. */
  const lateBy = (ns: number): number => Math.max(0, (ns || 0) / 1e9 - RESOLUTION_MS / 1000);
  gaugeInSeconds(
    "nodejs.eventloop.delay.mean",
    "Mean delay of the event loop since the last scrape",
    (report) => report(lateBy(delays.mean)),
  );
  gaugeInSeconds("nodejs.eventloop.delay.p50", "Median delay since the last scrape", (report) =>
    report(lateBy(delays.percentile(50))),
  );
  gaugeInSeconds(
    "nodejs.eventloop.delay.p99",
    "99th percentile of the delays since the last scrape",
    (report) => report(lateBy(delays.percentile(99))),
  );
  // Declared last, so it is read last, and may begin the next interval.
  gaugeInSeconds("nodejs.eventloop.delay.max", "Longest delay since the last scrape", (report) => {
    report(lateBy(delays.max));
    delays.reset();
  });
}
