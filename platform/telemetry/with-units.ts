import type { MetricData, ResourceMetrics } from "@opentelemetry/sdk-metrics";

/** Words for the units of our instruments (UCUM) in Prometheus names. */
const WORDS: Readonly<Record<string, string>> = { s: "seconds", By: "bytes" };

/**
 * Adds the unit to the name of each metric, as the OpenTelemetry specification demands for Prometheus:
 * `http.server.request.duration` in `s` becomes `http.server.request.duration.seconds`. The exporter leaves
 * that out.
 */
export function withUnits({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({ scope, metrics: metrics.map(withUnit) })),
  };
}

function withUnit(metric: MetricData): MetricData {
  const { name, unit } = metric.descriptor;
  const word = WORDS[unit];
  // Without its unit, because the text format that Prometheus scrapes has no line for units.
  const descriptor = { ...metric.descriptor, unit: "", name: word ? `${name}.${word}` : name };
  return { ...metric, descriptor };
}
