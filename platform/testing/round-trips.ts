import { trace } from "@opentelemetry/api";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const exporter = new InMemorySpanExporter();

/** Round trips to MySQL during `work`: each has a span. The test file traces nothing else. */
export async function roundTrips(work: () => Promise<unknown>): Promise<number> {
  // The first provider stays; others are refused.
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  exporter.reset();
  await work();
  return exporter.getFinishedSpans().filter(({ attributes }) => attributes["db.system.name"]).length;
}
