import { trace } from "@opentelemetry/api";
import pino, { type DestinationStream, type Logger } from "pino";
import { ApiError } from "../errors/api-error.ts";

export type { Logger } from "pino";

/**
 * Time in ms for which lines are buffered. If each line were written separately, each would cost two thread
 * switches.
 */
const GATHER_MS = 50;
/** Size of the buffer in bytes at which it is written at once. */
const FULL_BYTES = 8192;

/**
 * Makes a logger that writes JSON lines with service and trace id. Callers must only log names, ids, counts
 * and durations, and never the content of a message, a token, a header or an SQL value.
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
 * Buffered standard output. When a process exits, its last lines may be written before earlier lines that a
 * thread is still writing. A killed process may lose the lines of its last 50 ms.
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

/** Fields of an error to log. Omits the message of a database error, because it may quote values. */
function describeError(error: unknown): object {
  if (error instanceof ApiError) return { type: error.reason, message: error.message, ...causeOf(error) };
  if (!(error instanceof Error)) return { type: typeof error };
  const code = "code" in error ? error.code : undefined;
  if ("sqlState" in error) return { type: error.name, code };
  return { type: error.name, message: error.message, code, stack: error.stack, ...causeOf(error) };
}

const causeOf = ({ cause }: Error): object => (cause === undefined ? {} : { cause: describeError(cause) });
