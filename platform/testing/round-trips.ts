import { trace } from "@opentelemetry/api";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { inSpan, SpanKind } from "../telemetry/tracing.ts";

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
  // Statements outside of a traced task have no spans.
  await inSpan("round trips", { kind: SpanKind.INTERNAL }, work);
  return exporter.getFinishedSpans().filter(({ attributes }) => attributes["db.system.name"]).length;
}
