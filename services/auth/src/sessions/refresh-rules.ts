/** Time in ms in which a client that lost the response may repeat its call. */
export const REPEAT_MS = 10_000;

/**
 * State of a stored refresh token and its session, by which `evaluate` decides whether the token is accepted.
 */
export interface RefreshTokenState {
  readonly useTime: Date | null;
  /** Hash of the idempotency key of the call that used the token; null if the call had none. */
  readonly useKey: Buffer | null;
  /** The next refresh token, encrypted with this token as the key. */
  readonly successor: Buffer | null;
  readonly session: { readonly expireTime: Date; readonly endTime: Date | null };
}

export type Verdict =
  /** The token is used for the first time. */
  | { readonly kind: "EXCHANGE" }
  /** The client repeats the call that used the token, and gets the same next token again. */
  | { readonly kind: "REPEAT"; readonly successor: Buffer }
  /**
   * The token is used a second time, so somebody has copied it. It is unknown which of the two callers is the
   * thief, so the session ends (RFC 9700 §4.14.2).
   */
  | { readonly kind: "REUSE" }
  /** The token has expired, or its session has ended. */
  | { readonly kind: "VOID" };

export interface Attempt {
  /** True if this call was the first to use the token. */
  readonly consumed: boolean;
  /** Hash of the call's idempotency key; null if the call has none. */
  readonly key: Buffer | null;
  readonly now: Date;
}

/**
 * Decides whether a refresh token is accepted. Needs the state of the token after this call has tried to mark
 * it as used.
 */
export function evaluate(
  { session, useTime, useKey, successor }: RefreshTokenState,
  { consumed, key, now }: Attempt,
): Verdict {
  if (session.endTime !== null || session.expireTime <= now) return { kind: "VOID" };
  if (consumed) return { kind: "EXCHANGE" };
  if (useTime === null) return { kind: "VOID" };
  const isSameCall = key !== null && useKey !== null && key.equals(useKey);
  const isInTime = now.getTime() - useTime.getTime() < REPEAT_MS;
  return isSameCall && isInTime && successor !== null ? { kind: "REPEAT", successor } : { kind: "REUSE" };
}
