import { trace } from "@opentelemetry/api";
import pino, { type Logger } from "pino";
import { ApiError } from "./errors/api-error.ts";

export type { Logger } from "pino";

/**
 * JSON lines with service and trace id. Callers log names, ids, counts and durations; never a message's content,
 * a token, a header or an SQL value.
 */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const spanContext = trace.getActiveSpan()?.spanContext();
      return spanContext ? { traceId: spanContext.traceId, spanId: spanContext.spanId } : {};
    },
    serializers: { err: describeError },
  });
}

/** An error's kind, place and causes. Of a database error only its number: its message may quote values. */
function describeError(error: unknown): object {
  if (error instanceof ApiError) return { type: error.reason, message: error.message, ...causeOf(error) };
  if (!(error instanceof Error)) return { type: typeof error };
  const code = "code" in error ? error.code : undefined;
  if ("sqlState" in error) return { type: error.name, code };
  return { type: error.name, message: error.message, code, stack: error.stack, ...causeOf(error) };
}

const causeOf = ({ cause }: Error): object => (cause === undefined ? {} : { cause: describeError(cause) });
