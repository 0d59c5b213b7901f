import { join } from "node:path";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";
import type { Span } from "../span.ts";

const { serialize } = loadSync(join(import.meta.dirname, "../otlp.proto"))
  .ExportTraceServiceRequest as MessageTypeDefinition<object, object>;

const keyValues = (texts: Record<string, string>) =>
  Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } }));

/** Body of an OTLP export of spans. */
export function exportOf(spans: readonly Span[]): Buffer {
  const resourceSpans = spans.map((span) => ({
    resource: { attributes: keyValues({ "service.name": span.service }) },
    scopeSpans: [
      {
        spans: [
          {
            traceId: Buffer.from(span.traceId, "hex"),
            spanId: Buffer.from(span.spanId, "hex"),
            parentSpanId: Buffer.from(span.parentId, "hex"),
            name: span.name,
            startTimeUnixNano: span.startMs * 1e6,
            endTimeUnixNano: (span.startMs + span.durationMs) * 1e6,
            attributes: keyValues(span.attributes),
            links: span.links.map((traceId) => ({ traceId: Buffer.from(traceId, "hex") })),
            status: { code: span.isError ? 2 : 0 },
          },
        ],
      },
    ],
  }));
  return serialize({ resourceSpans });
}
