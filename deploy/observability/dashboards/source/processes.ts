import type { Dashboard } from "./panel.ts";
import { rateBy } from "./queries.ts";

const INSTANCE = "service, instance";
const INSTANCE_LEGEND = "{{service}} {{instance}}";
const each = (expr: string) => ({ expr, legend: INSTANCE_LEGEND });

/** Resources of each process, and its runtime. */
export const processes: Dashboard = {
  uid: "medconnect-processes",
  title: "MedConnect / Processes",
  description: "CPU, memory, event loop and garbage collection of each process",
  rows: [
    {
      title: "Instances",
      panels: [
        {
          title: "Instances that answer",
          unit: "short",
          queries: [{ expr: "sum by (service) (up)", legend: "{{service}}" }],
        },
        {
          title: "Releases",
          unit: "short",
          queries: [
            {
              expr: "count by (service, version, commit) (build_info)",
              legend: "{{service}} {{version}} {{commit}}",
            },
          ],
        },
        {
          title: "Uptime",
          unit: "s",
          queries: [each("time() - process_start_time_seconds")],
        },
        {
          title: "Lifetime of the certificate",
          description: "Empty without mutual TLS",
          unit: "s",
          queries: [{ expr: "min by (service) (tls_certificate_lifetime_seconds)", legend: "{{service}}" }],
        },
      ],
    },
    {
      title: "Resources",
      panels: [
        {
          title: "CPU",
          description: "Cores in use",
          unit: "short",
          queries: [each(rateBy(INSTANCE, "process_cpu_seconds_total"))],
        },
        { title: "Physical memory", unit: "bytes", queries: [each("process_resident_memory_bytes")] },
        {
          title: "Heap",
          unit: "bytes",
          queries: [each(`sum by (${INSTANCE}) (v8js_memory_heap_used_bytes)`)],
        },
        {
          title: "File descriptors",
          description: "Share of the limit",
          unit: "percentunit",
          limit: 1,
          queries: [each("process_open_fds / process_max_fds")],
        },
      ],
    },
    {
      title: "Event loop",
      panels: [
        {
          title: "Share of the time in which the loop is busy",
          unit: "percentunit",
          limit: 1,
          queries: [
            each(rateBy(INSTANCE, 'nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="active"}')),
          ],
        },
        { title: "Delay, 99th percentile", unit: "s", queries: [each("nodejs_eventloop_delay_p99_seconds")] },
        { title: "Longest delay", unit: "s", queries: [each("nodejs_eventloop_delay_max_seconds")] },
        {
          title: "Share of the time in garbage collection",
          unit: "percentunit",
          queries: [
            {
              expr: rateBy(`${INSTANCE}, v8js_gc_type`, "v8js_gc_duration_seconds_sum"),
              legend: `${INSTANCE_LEGEND} {{v8js_gc_type}}`,
            },
          ],
        },
      ],
    },
  ],
};
