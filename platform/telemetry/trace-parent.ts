import { randomBytes } from "node:crypto";
import { type Context, ROOT_CONTEXT, TraceFlags, trace } from "@opentelemetry/api";
import { extractTrace } from "./tracing.ts";

/**
 * Parent context of a request from outside. Continues the caller's trace, so that both sides find the request
 * under one id. Decides on sampling at random: neither the caller's flag nor a chosen trace id may make us
 * record everything (W3C Trace Context §5.2, denial of service).
 *
 * @param ratio sampling ratio
 */
export function traceParent(traceparent: string | undefined, ratio: number): Context {
  if (traceparent === undefined) return ROOT_CONTEXT;
  const sent = trace.getSpanContext(extractTrace({ traceparent }));
  if (!sent) return ROOT_CONTEXT;
  const traceFlags = Math.random() < ratio ? TraceFlags.SAMPLED : TraceFlags.NONE;
  // A changed flag requires a new parent-id (§4.3), and an unsampled parent gets no span of ours.
  const spanId = traceFlags === TraceFlags.NONE ? randomBytes(8).toString("hex") : sent.spanId;
  return trace.setSpanContext(ROOT_CONTEXT, { ...sent, spanId, traceFlags });
}
