import type { RefreshTokenRecord } from "./session-store.ts";

/** How long a client that lost the answer may ask for it again. */
export const REPEAT_MS = 10_000;

/** What a refresh token that was shown comes to. */
export type Verdict =
  /** It was used just now, by this very call: exchange it. */
  | "EXCHANGE"
  /** The same call again, as the client did not get the answer: the same successor. */
  | "REPEAT"
  /** It was used before: somebody has a copy, and nobody can tell who (RFC 9700 §4.14.2). The session ends. */
  | "REUSE"
  /** Unknown, expired, or of a session that has ended. */
  | "VOID";

export interface Attempt {
  /** Whether this call was the one to use the token up. */
  consumed: boolean;
  /** Hash of the call's idempotency key; null without one. */
  key: Buffer | null;
  now: Date;
}

/** Judges a refresh token by its record, undefined if there is none, after the attempt to use it up. */
export function evaluate(token: RefreshTokenRecord | undefined, { consumed, key, now }: Attempt): Verdict {
  if (!token || token.session.endTime !== null || token.session.expireTime <= now) return "VOID";
  if (consumed) return "EXCHANGE";
  if (token.useTime === null) return "VOID";
  const isSameCall = key !== null && token.useKey !== null && key.equals(token.useKey);
  const isInTime = now.getTime() - token.useTime.getTime() < REPEAT_MS;
  return isSameCall && isInTime && token.successor !== null ? "REPEAT" : "REUSE";
}
