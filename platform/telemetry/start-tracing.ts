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
 * Starts the tracing of this process. Without an endpoint, spans are neither recorded nor sent. Logs and
 * answers still have a trace id, and the traces of callers are passed on.
 *
 * @returns a function that sends the remaining spans and stops
 */
export async function startTracing(options: {
  service: string;
  endpoint?: string | undefined;
  ratio: number;
  /** Longest time that spans wait for others to be sent with. */
  delayMs?: number;
}): Promise<() => Promise<void>> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: options.service }),
    sampler: new ParentBasedSampler({
      root: new TraceIdRatioBasedSampler(options.endpoint ? options.ratio : 0),
    }),
    spanProcessors: options.endpoint ? [await exportTo(options.endpoint, options.delayMs)] : [],
  });
  trace.setGlobalTracerProvider(provider);
  return () => provider.shutdown();
}

/** Loads the exporter only if it is used, because it takes 20 MB of memory. */
async function exportTo(endpoint: string, delayMs = 5000): Promise<BatchSpanProcessor> {
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  const exporter = new OTLPTraceExporter({ url: tracesUrl(endpoint) });
  return new BatchSpanProcessor({ exporter, scheduledDelayMillis: delayMs });
}

/** URL for traces: the endpoint with the path that the OTLP specification adds ("Endpoint URLs"). */
const tracesUrl = (endpoint: string) => `${endpoint.replace(/\/$/, "")}/v1/traces`;
