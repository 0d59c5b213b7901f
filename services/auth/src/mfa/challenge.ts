/** A login that waits for its second factor. */
export interface Challenge {
  readonly id: string;
  readonly userId: string;
  /** Time at which the verified password was set. A later change of the password voids the challenge. */
  readonly passwordSetTime: Date;
  readonly expireTime: Date;
  /** True if the session that follows gets the longer lifetime (`rememberMe`). */
  readonly remembered: boolean;
}

export const CHALLENGE_TTL_S = 5 * 60;
