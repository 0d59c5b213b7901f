/** State of a counter of failed attempts. */
export interface Counter {
  readonly failures: number;
  readonly lockedUntil: Date | null;
  /** Time at which the failures are forgotten. It is never before `lockedUntil`. */
  readonly expireTime: Date;
}

/**
 * Computes the state of a counter after one more failure. Not called during a lock, because no attempt is
 * checked then.
 */
export type Policy = (counter: Counter, now: Date) => Counter;

/**
 * Policy with exponential back-off. From failure number `failures` on, each failure locks for twice as long
 * as the one before, but for no longer than `maxLockMs`. The failures are forgotten after `forgetMs` without
 * a failure or a lock.
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

/**
 * Policy with a fixed window, which starts at the first failure and lasts `windowMs`. After `failures`
 * failures in the window, attempts are locked until it ends. Then all failures are forgotten.
 */
export const lockingForTheRestOf =
  (limits: { failures: number; windowMs: number }): Policy =>
  (counter, now) => {
    const failures = failuresAt(counter, now) + 1;
    const expireTime = failures === 1 ? later(now, limits.windowMs) : counter.expireTime;
    return { failures, lockedUntil: failures >= limits.failures ? expireTime : null, expireTime };
  };

export const isLocked = ({ lockedUntil }: Counter, now: Date): boolean =>
  lockedUntil !== null && lockedUntil > now;

export const cleared = (now: Date): Counter => ({ failures: 0, lockedUntil: null, expireTime: now });

const failuresAt = ({ failures, expireTime }: Counter, now: Date): number =>
  expireTime > now ? failures : 0;

const later = (time: Date, ms: number): Date => new Date(time.getTime() + ms);
