import { metrics } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { ATTR_SERVICE_NAME } from "@opentelemetry/semantic-conventions";
import { withUnits } from "./with-units.ts";

/**
 * Starts the metrics of this process.
 *
 * @returns a function that reads all metrics as Prometheus text
 */
export function startMetrics(service: string): () => Promise<string> {
  const reader = new PrometheusExporter({ preventServerStart: true });
  metrics.setGlobalMeterProvider(
    new MeterProvider({
      resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: service }),
      readers: [reader],
    }),
  );
  // Without the scope, which is the same for every metric, and would be a fifth of the text.
  const serializer = new PrometheusSerializer("", false, undefined, false, true);
  return async () => serializer.serialize(withUnits((await reader.collect()).resourceMetrics));
}
