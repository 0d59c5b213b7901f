import { trace } from "@opentelemetry/api";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const exporter = new InMemorySpanExporter();

/** Number of round trips to MySQL during `work`, by their spans. The test file must trace nothing else. */
export async function roundTrips(work: () => Promise<unknown>): Promise<number> {
  // The first provider stays; the API ignores later ones.
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  exporter.reset();
  await work();
  return exporter.getFinishedSpans().filter(({ attributes }) => attributes["db.system.name"]).length;
}
