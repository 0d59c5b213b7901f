/** Time in ms in which a client that lost the response may repeat its call. */
export const REPEAT_MS = 10_000;

/** State of a stored refresh token that decides its exchange. */
export interface RefreshTokenState {
  readonly useTime: Date | null;
  /** Hash of the idempotency key of the call that used the token; null without one. */
  readonly useKey: Buffer | null;
  /** The next token, encrypted under this token as the key. */
  readonly successor: Buffer | null;
  readonly session: { readonly expireTime: Date; readonly endTime: Date | null };
}

export type Verdict =
  /** The token is used for the first time. */
  | { readonly kind: "EXCHANGE" }
  /** The same call is repeated, so its client gets the same successor. */
  | { readonly kind: "REPEAT"; readonly successor: Buffer }
  /**
   * The token is used a second time, so it was copied, and it is unknown which caller has stolen it (RFC 9700
   * §4.14.2). Its session ends.
   */
  | { readonly kind: "REUSE" }
  /** Expired, or its session has ended. */
  | { readonly kind: "VOID" };

export interface Attempt {
  /** True if this call was the first to use the token. */
  readonly consumed: boolean;
  /** Hash of the call's idempotency key; null without one. */
  readonly key: Buffer | null;
  readonly now: Date;
}

/** Evaluates a refresh token by its state after the attempt to consume it. */
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
