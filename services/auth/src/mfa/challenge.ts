/** A login that waits for its second factor. */
export interface Challenge {
  readonly id: string;
  readonly userId: string;
  /** Time at which the verified password was set. A later password voids the challenge. */
  readonly passwordSetTime: Date;
  readonly expireTime: Date;
  /** True if the session that it opens is remembered. */
  readonly remembered: boolean;
}

export const CHALLENGE_TTL_S = 5 * 60;
