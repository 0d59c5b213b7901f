import { randomBytes } from "node:crypto";
import { type Context, ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { extractTrace } from "./tracing.ts";

/**
 * The trace that a request from outside belongs to. A caller's trace is gone on with, so that both sides find the request under one
 * id; but whether it is recorded we decide ourselves, at random: neither the caller's flag nor a trace id that was
 * chosen to be sampled may make us record everything (W3C Trace Context §5.2, denial of service).
 *
 * @param ratio the share of callers' traces that is recorded
 */
export function traceParent(traceparent: string | undefined, ratio: number): Context {
  if (traceparent === undefined) return ROOT_CONTEXT;
  const sent = trace.getSpanContext(extractTrace({ traceparent }));
  if (!sent) return ROOT_CONTEXT;
  const traceFlags = Math.random() < ratio ? TraceFlags.SAMPLED : TraceFlags.NONE;
  // A flag may be changed only with a parent-id of our own (§4.3), and below one that is not sampled no span is made.
  const spanId = traceFlags === TraceFlags.NONE ? randomBytes(8).toString("hex") : sent.spanId;
  return trace.setSpanContext(ROOT_CONTEXT, { ...sent, spanId, traceFlags });
}
