import { join } from "node:path";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";

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

interface KeyValue {
  key: string;
  /** `value` is the name of the field that is set. */
  value: { value: string } & Record<string, unknown>;
}
interface OtlpSpan {
  traceId: Buffer;
  spanId: Buffer;
  parentSpanId: Buffer;
  name: string;
  startTimeUnixNano: number;
  endTimeUnixNano: number;
  attributes: KeyValue[];
  links: { traceId: Buffer }[];
  status: { code: number } | null;
}
interface Export {
  resourceSpans: { resource: { attributes: KeyValue[] } | null; scopeSpans: { spans: OtlpSpan[] }[] }[];
}

const { deserialize } = loadSync(join(import.meta.dirname, "otlp.proto"), {
  defaults: true,
  longs: Number,
  oneofs: true,
})["medconnect.dev.otlp.ExportTraceServiceRequest"] as MessageTypeDefinition<object, Export>;

/** `STATUS_CODE_ERROR` of OTLP. */
const ERROR = 2;
const [TRACE_ID_BYTES, SPAN_ID_BYTES] = [16, 8];
const NANOS_PER_MS = 1e6;

/** Decodes the body of an OTLP export. Leaves out spans with invalid ids. Throws for other content. */
export function spansIn(body: Buffer): Span[] {
  return deserialize(body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = textsOf(resource?.attributes ?? [])["service.name"] ?? "unknown";
    return scopeSpans
      .flatMap(({ spans }) => spans)
      .filter(({ traceId, spanId }) => traceId.length === TRACE_ID_BYTES && spanId.length === SPAN_ID_BYTES)
      .map((span) => spanOf(span, service));
  });
}

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
    isError: span.status?.code === ERROR || "error.type" in attributes || httpStatus >= 400,
  };
}

const textsOf = (attributes: KeyValue[]): Record<string, string> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, String(value?.[value.value] ?? "")]));
