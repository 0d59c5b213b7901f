import { join } from "node:path";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";
import { SpanStatusCode } from "@opentelemetry/api";

export interface Span {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  /** Empty for a span without a parent. */
  parentId: string;
  service: string;
  name: string;
  /** Time since 1970 in ms, with fractions. */
  startMs: number;
  durationMs: number;
  attributes: Record<string, string>;
  /** Ids of other traces. Of bookings that share a transaction, one has it in its trace, and the others link there. */
  links: string[];
  /** True for server faults, and for refused requests and calls. */
  isError: boolean;
}

/** `value.value` is the name of the field that is set. */
type Attributes = { key: string; value: { value: string } & Record<string, unknown> }[];
interface OtlpSpan extends Record<"traceId" | "spanId" | "parentSpanId", Buffer> {
  name: string;
  startTimeUnixNano: number;
  endTimeUnixNano: number;
  attributes: Attributes;
  links: { traceId: Buffer }[];
  status: { code: number } | null;
}
interface Export {
  resourceSpans: { resource: { attributes: Attributes } | null; scopeSpans: { spans: OtlpSpan[] }[] }[];
}

const DECODING = { defaults: true, longs: Number, oneofs: true };
const { ExportTraceServiceRequest } = loadSync(join(import.meta.dirname, "otlp.proto"), DECODING);
const { deserialize } = ExportTraceServiceRequest as MessageTypeDefinition<object, Export>;
const NANOS_PER_MS = 1e6;

/** Decodes the body of an OTLP export. Throws for other content. */
export const spansIn = (body: Buffer): Span[] =>
  deserialize(body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const { "service.name": service = "unknown" } = textsOf(resource?.attributes ?? []);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(span, service)));
  });

function spanOf(span: OtlpSpan, service: string): Span {
  const attributes = textsOf(span.attributes);
  const startMs = span.startTimeUnixNano / NANOS_PER_MS;
  const httpStatus = Number(attributes["http.response.status_code"] ?? 0);
  return {
    traceId: span.traceId.toString("hex"),
    spanId: span.spanId.toString("hex"),
    parentId: span.parentSpanId.toString("hex"),
    service,
    name: span.name,
    startMs,
    durationMs: Math.max(0, span.endTimeUnixNano / NANOS_PER_MS - startMs),
    attributes,
    links: span.links.map(({ traceId }) => traceId.toString("hex")),
    isError: span.status?.code === SpanStatusCode.ERROR || "error.type" in attributes || httpStatus >= 400,
  };
}

const textsOf = (attributes: Attributes): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, String(value?.[value.value] ?? "")]));
