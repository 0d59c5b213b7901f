import { existsSync, readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { gauge } from "./metrics.ts";

const DESCRIPTORS = "/proc/self/fd";

/** Reports the use of resources by this process, with the names of the OpenTelemetry conventions. */
export function observeProcess(): void {
  gauge("v8js.memory.heap.used", "Heap in use, in bytes", (report) => report(process.memoryUsage().heapUsed));
  gauge("process.unix.file_descriptor.count", "Open file descriptors", (report) => {
    // /proc exists on Linux only.
    if (existsSync(DESCRIPTORS)) report(readdirSync(DESCRIPTORS).length);
  });
  let before = performance.eventLoopUtilization();
  gauge("nodejs.eventloop.utilization", "Share of the time in which the event loop was busy", (report) => {
    const now = performance.eventLoopUtilization();
    report(performance.eventLoopUtilization(now, before).utilization);
    before = now;
  });
}
