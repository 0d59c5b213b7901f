import { readdirSync, readFileSync } from "node:fs";
import { gauge, gaugeInBytes, gaugeInSeconds, totalSeconds } from "./metrics.ts";

const PAGE_BYTES = 4096;

/**
 * Reports the resources of this process under the names that all Prometheus clients use, so that stock
 * dashboards show them ("Writing client libraries", section "Process metrics").
 */
export function observeProcess(): void {
  const startedAtMs = performance.timeOrigin;
  gaugeInSeconds("process.start_time", "Start of the process, in seconds since 1970", (report) =>
    report(startedAtMs / 1000),
  );
  totalSeconds("process.cpu", "CPU time of the process, user and system", (report) => {
    const { user, system } = process.cpuUsage();
    return report((user + system) / 1e6);
  });
  gaugeInBytes("process.resident_memory", "Physical memory in use", (report) =>
    report(process.memoryUsage.rss()),
  );
  // The files below exist on Linux only.
  if (process.platform !== "linux") return;
  gaugeInBytes("process.virtual_memory", "Virtual memory", (report) =>
    report(Number(readFileSync("/proc/self/statm", "utf8").split(" ", 1)[0]) * PAGE_BYTES),
  );
  gauge("process.open_fds", "Open file descriptors", (report) => report(readdirSync("/proc/self/fd").length));
  const maxDescriptors = limitOfDescriptors();
  gauge("process.max_fds", "Limit of open file descriptors", (report) => report(maxDescriptors));
}

const limitOfDescriptors = (): number =>
  Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? Infinity);
