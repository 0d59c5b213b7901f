/** Failed attempts of one kind. */
export interface Counter {
  readonly failures: number;
  readonly lockedUntil: Date | null;
  /** From then on the counter means nothing; never before `lockedUntil`. */
  readonly expireTime: Date;
}

/** What a failure makes of a counter; during a lock nothing is looked at, so nothing fails. */
export type Policy = (counter: Counter, now: Date) => Counter;

/**
 * From the `failures`-th on, each failure locks, twice as long as the one before, up to `maxLockMs`. Forgotten after
 * `forgetMs` without a failure or a lock.
 */
export const lockingLonger =
  (limits: { failures: number; lockMs: number; maxLockMs: number; forgetMs: number }): Policy =>
  (counter, now) => {
    const failures = failuresAt(counter, now) + 1;
    const beyond = failures - limits.failures;
    const lockMs = beyond < 0 ? 0 : Math.min(limits.lockMs * 2 ** beyond, limits.maxLockMs);
    const unlockTime = later(now, lockMs);
    return {
      failures,
      lockedUntil: lockMs > 0 ? unlockTime : null,
      expireTime: later(unlockTime, limits.forgetMs),
    };
  };

/** `failures` of them within `windowMs` of the first lock until that time is over, and all are forgotten. */
export const lockingForTheRestOf =
  (limits: { failures: number; windowMs: number }): Policy =>
  (counter, now) => {
    const failures = failuresAt(counter, now) + 1;
    const expireTime = failures === 1 ? later(now, limits.windowMs) : counter.expireTime;
    return { failures, lockedUntil: failures >= limits.failures ? expireTime : null, expireTime };
  };

export const isLocked = ({ lockedUntil }: Counter, now: Date): boolean =>
  lockedUntil !== null && lockedUntil > now;

/** A counter that counts nothing. */
export const cleared = (now: Date): Counter => ({ failures: 0, lockedUntil: null, expireTime: now });

const failuresAt = ({ failures, expireTime }: Counter, now: Date): number =>
  expireTime > now ? failures : 0;

const later = (time: Date, ms: number): Date => new Date(time.getTime() + ms);
