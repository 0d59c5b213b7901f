import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { ApiError } from "../errors/api-error.ts";

/**
 * Tracer for all spans. Our own code starts spans where every request passes: gateway, gRPC client and
 * server, SQL, delivery of events. No library is patched to start spans. docs/decisions/0005 has the
 * measurements.
 */
const tracer = trace.getTracer("medconnect");

export interface SpanOptions {
  kind: SpanKind;
  attributes?: Record<string, string | number | boolean>;
  parent?: Context;
}

/**
 * Runs `work` in a new span. A server fault (5xx) marks the span as failed. If the parent is not sampled,
 * `work` runs in the parent: a new span would not be recorded, and the parent has the trace id and costs
 * nothing.
 */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const parent = options.parent ?? context.active();
  const above = trace.getSpan(parent);
  if (above && !isSampled(above)) return context.with(parent, work, undefined, above);
  const span = tracer.startSpan(name, { kind: options.kind, attributes: options.attributes ?? {} }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work, undefined, span);
  } catch (error) {
    const { reason, rule } = ApiError.from(error);
    span.setAttribute("error.type", reason);
    if (rule.httpStatus >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

const isSampled = (span: Span) => (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;

/** Headers that may have a `traceparent`. */
export type Carrier = Record<string, string>;

/** Adds the active trace to headers, as W3C Trace Context. */
export function injectTrace(carrier: Carrier = {}): Carrier {
  propagation.inject(context.active(), carrier, defaultTextMapSetter);
  return carrier;
}

/** Context that continues the trace in the headers of a request or event. */
export function extractTrace(carrier: Carrier): Context {
  return propagation.extract(context.active(), carrier, defaultTextMapGetter);
}

/** True within a request or another traced task, also if its spans are not recorded. */
export const isTraced = (): boolean => trace.getActiveSpan() !== undefined;

/** Id of the active trace, 32 hex digits; empty outside of a request. */
export function activeTraceId(): string {
  return trace.getActiveSpan()?.spanContext().traceId ?? "";
}

export { SpanKind };
