import { observeBuild } from "./build-info.ts";
import { observeProcess } from "./process-metrics.ts";
import { observeRuntime } from "./runtime-metrics.ts";
import { startMetrics } from "./start-metrics.ts";

/** Starts the metrics of this process, and those of its build, its resources and its runtime. */
export function startProcessMetrics(service: string, commit: string): () => Promise<string> {
  const readMetrics = startMetrics(service);
  observeBuild(commit);
  observeProcess();
  observeRuntime();
  return readMetrics;
}
