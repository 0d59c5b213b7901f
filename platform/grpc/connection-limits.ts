import { MAX_REQUEST_BYTES } from "./message-limits.ts";

/** Limits of each connection to a gRPC server; durations in ms. */
export interface ConnectionLimits {
  /** Time without a call after which a connection is closed. */
  readonly idleMs: number;
  /**
   * Age (± 10 %) at which the server sends GOAWAY on a connection. The client then opens a new connection.
   */
  readonly ageMs: number;
  /** Time that running calls get to finish after GOAWAY. */
  readonly graceMs: number;
  /** Time that a client gets to send a request. */
  readonly requestMs: number;
  /** Time that a client gets to read an answer. */
  readonly answerMs: number;
  /** Maximum size of all incomplete requests together, over all connections, in bytes. */
  readonly unfinishedBytes: number;
}

/**
 * Limits in production. `graceMs` exceeds `CALL_TIMEOUT` and `DEFAULT_DEADLINE_MS`, so that no call is cut
 * off. `ageMs` is short, because Node and grpc-js keep the calls of a connection in Maps and Sets. These
 * leave more garbage the older the connection is (decision 0034).
 */
export const CONNECTION_LIMITS: ConnectionLimits = {
  idleMs: 5 * 60_000,
  ageMs: 30_000,
  graceMs: 30_000,
  requestMs: 10_000,
  answerMs: 30_000,
  unfinishedBytes: 64 * MAX_REQUEST_BYTES,
};
