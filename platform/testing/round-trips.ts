import { trace } from "@opentelemetry/api";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const exporter = new InMemorySpanExporter();

/**
 * Counts the round trips to MySQL during `work`, by their spans. Nothing else in the test file may be traced.
 */
export async function roundTrips(work: () => Promise<unknown>): Promise<number> {
  // Only the first call of `roundTrips` sets the provider. The OpenTelemetry API ignores the providers of
  // later calls.
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  exporter.reset();
  await work();
  return exporter.getFinishedSpans().filter(({ attributes }) => attributes["db.system.name"]).length;
}
