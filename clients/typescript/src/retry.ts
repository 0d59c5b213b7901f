import { ConnectionError, MedConnectError } from "./errors.ts";

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 4000;
/** A longer Retry-After is left to the caller, for whom a call must not hang. */
const MAX_RETRY_AFTER_MS = 30_000;

/** gRPC codes of errors that pass by themselves. The reason's code is part of each problem. */
const PASSING_CODES = new Set(["UNAVAILABLE", "ABORTED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"]);
/** Statuses of errors that pass, for answers of proxies. */
const PASSING_STATUSES = new Set([408, 425, 429, 502, 503, 504]);

/**
 * Time in ms to wait before a repeat; undefined if the call must not be repeated.
 *
 * @param isRepeatable true if a second execution has no second effect
 * @param attempt number of the attempt that failed, from 0
 */
export function retryDelayMs(error: unknown, isRepeatable: boolean, attempt: number): number | undefined {
  const backoffMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
  if (error instanceof ConnectionError) return isRepeatable ? backoffMs : undefined;
  if (!(error instanceof MedConnectError) || !passes(error)) return undefined;
  // A call over a quota was refused before it began, so a repeat is safe for every RPC.
  if (!isRepeatable && error.status !== 429) return undefined;
  const { retryAfterMs = 0 } = error;
  if (retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
  // Callers that are told the same time do not all return at once.
  return retryAfterMs + backoffMs;
}

const passes = ({ code, status }: MedConnectError): boolean =>
  code === undefined ? PASSING_STATUSES.has(status) : PASSING_CODES.has(code);

/** Waits. Rejects with `signal.reason` when the caller cancels. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const cancel = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }, ms);
    signal?.addEventListener("abort", cancel, { once: true });
  });
}
