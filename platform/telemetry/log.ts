import { trace } from "@opentelemetry/api";
import pino, { type DestinationStream, type Logger } from "pino";
import { ApiError } from "../errors/api-error.ts";

export type { Logger } from "pino";

/** Time for which lines are buffered. Writing each line alone costs a request two thread switches. */
const GATHER_MS = 50;
/** Number of buffered bytes that are written at once. */
const FULL_BYTES = 8192;

/**
 * Logger of JSON lines with service and trace id. Callers log names, ids, counts and durations, but never a
 * message's content, a token, a header or an SQL value.
 */
export function createLogger(service: string, level: string): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const spanContext = trace.getActiveSpan()?.spanContext();
      return spanContext ? { traceId: spanContext.traceId, spanId: spanContext.spanId } : {};
    },
    serializers: { err: describeError },
  };
  return pino(options, bufferedOutput());
}

/**
 * Standard output. A process that exits writes its last lines, possibly before lines that a thread is still
 * writing. A killed process may lose the lines of the last 50 ms.
 */
function bufferedOutput(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: false, minLength: FULL_BYTES });
  let isPending = false;
  const flush = () => {
    isPending = false;
    output.flush();
  };
  return {
    write(line) {
      output.write(line);
      if (isPending) return;
      isPending = true;
      setTimeout(flush, GATHER_MS).unref();
    },
  };
}

/** Loggable form of an error. A database error's message is omitted, because it may quote values. */
function describeError(error: unknown): object {
  if (error instanceof ApiError) return { type: error.reason, message: error.message, ...causeOf(error) };
  if (!(error instanceof Error)) return { type: typeof error };
  const code = "code" in error ? error.code : undefined;
  if ("sqlState" in error) return { type: error.name, code };
  return { type: error.name, message: error.message, code, stack: error.stack, ...causeOf(error) };
}

const causeOf = ({ cause }: Error): object => (cause === undefined ? {} : { cause: describeError(cause) });
