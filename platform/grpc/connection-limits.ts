/** Bounds what one connection to a gRPC server can hold on to. All times in ms. */
export interface ConnectionLimits {
  /** Without a stream, a connection is closed after so long. */
  readonly idleMs: number;
  /** After so long (± 10 %), clients are told to connect anew … */
  readonly ageMs: number;
  /** … and have so long to end their calls. */
  readonly graceMs: number;
  /** How long a client may take to send a request. */
  readonly requestMs: number;
  /** How long a client may leave an answer that it was sent. */
  readonly answerMs: number;
}

/** The grace is longer than any call of ours may take (`CALL_TIMEOUT`, `DEFAULT_DEADLINE_MS`). */
export const CONNECTION_LIMITS: ConnectionLimits = {
  idleMs: 5 * 60_000,
  ageMs: 30 * 60_000,
  graceMs: 30_000,
  requestMs: 10_000,
  answerMs: 30_000,
};
