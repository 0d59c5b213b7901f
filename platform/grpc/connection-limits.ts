import { MAX_REQUEST_BYTES } from "./message-limits.ts";

/** Limits of connections to a gRPC server. */
export interface ConnectionLimits {
  /** Idle time without a stream until the connection closes. */
  readonly idleMs: number;
  /** Age (± 10 %) at which a connection gets GOAWAY, after which its client opens a new one. */
  readonly ageMs: number;
  /** Time after GOAWAY to finish running calls. */
  readonly graceMs: number;
  /** Time for a client to send a request. */
  readonly requestMs: number;
  /** Time for a client to read an answer. */
  readonly answerMs: number;
  /** Maximum of bytes that incomplete requests hold, over all connections. */
  readonly unfinishedBytes: number;
}

/**
 * Limits in production. The grace exceeds `CALL_TIMEOUT` and `DEFAULT_DEADLINE_MS`. A short age bounds the
 * garbage in the Maps and Sets in which Node and grpc-js hold a connection's calls (decision 0034).
 */
export const CONNECTION_LIMITS: ConnectionLimits = {
  idleMs: 5 * 60_000,
  ageMs: 30_000,
  graceMs: 30_000,
  requestMs: 10_000,
  answerMs: 30_000,
  unfinishedBytes: 64 * MAX_REQUEST_BYTES,
};
