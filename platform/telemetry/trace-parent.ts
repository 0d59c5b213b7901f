import { randomBytes } from "node:crypto";
import { type Context, ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { extractTrace } from "./tracing.ts";

/**
 * Parent context for a request from outside. Continues the trace of the caller, so that both sides find the
 * request under one id. Chance decides whether to record the request. If the sampled flag of the caller or
 * the trace id decided, a caller could make us record everything (W3C Trace Context §5.2, denial of service).
 *
 * @param ratio sampling ratio, 0 to 1
 */
export function traceParent(traceparent: string | undefined, ratio: number): Context {
  if (traceparent === undefined) return ROOT_CONTEXT;
  const sent = trace.getSpanContext(extractTrace({ traceparent }));
  if (!sent) return ROOT_CONTEXT;
  const traceFlags = Math.random() < ratio ? TraceFlags.SAMPLED : TraceFlags.NONE;
  // If the sampled flag changes, the parent needs a new id (W3C Trace Context §4.3). An unsampled request has
  // no span that could provide the id, so the id is random.
  const spanId = traceFlags === TraceFlags.NONE ? randomBytes(8).toString("hex") : sent.spanId;
  return trace.setSpanContext(ROOT_CONTEXT, { ...sent, spanId, traceFlags });
}
