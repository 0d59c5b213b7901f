import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { ATTR_SERVICE_NAME } from "@opentelemetry/semantic-conventions";

/**
 * Initializes this process's tracing. Without an endpoint, spans are neither recorded nor sent, but logs and
 * answers still carry a trace id, and callers' traces pass through.
 *
 * @returns sends the remaining spans and stops
 */
export async function startTracing(options: {
  service: string;
  endpoint?: string | undefined;
  ratio: number;
}): Promise<() => Promise<void>> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: options.service }),
    sampler: new ParentBasedSampler({
      root: new TraceIdRatioBasedSampler(options.endpoint ? options.ratio : 0),
    }),
    spanProcessors: options.endpoint ? [await exportTo(options.endpoint)] : [],
  });
  trace.setGlobalTracerProvider(provider);
  return () => provider.shutdown();
}

/** Loads the exporter on demand, because it takes 20 MB. */
async function exportTo(endpoint: string): Promise<BatchSpanProcessor> {
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  return new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: tracesUrl(endpoint) }) });
}

/** The signal's path follows the endpoint (OpenTelemetry Protocol Exporter, "Endpoint URLs"). */
const tracesUrl = (endpoint: string) => `${endpoint.replace(/\/$/, "")}/v1/traces`;
