import { duration } from "@medconnect/platform/config.ts";
import { z } from "zod";
import { lockingForTheRestOf, lockingLonger, type Policy } from "./lockout-rules.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const failures = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

export const lockoutSettings = {
  /** Wrong passwords for one account from one network after which it is locked there … */
  LOGIN_FAILURES: failures(5),
  /** … so long, twice as long after each further one … */
  LOGIN_LOCK: duration("60s"),
  /** … up to this. */
  LOGIN_LOCK_MAX: duration("15m"),
  /** Wrong passwords for one account from anywhere after which it is locked for the rest of the hour. */
  LOGIN_FAILURES_PER_HOUR: failures(50),
  /** Registrations of one address from one network, and from anywhere, of which it is told by mail in an hour. */
  REGISTRATIONS_PER_HOUR_BY_NETWORK: failures(3),
  REGISTRATIONS_PER_HOUR: failures(10),
  /** Wrong codes and recovery codes for one account after which no more are looked at … */
  MFA_FAILURES: failures(10),
  MFA_LOCK: duration("60s"),
  MFA_LOCK_MAX: duration("1h"),
};

/** What failures come to. */
export interface Lockouts {
  readonly passwordByNetwork: Policy;
  readonly password: Policy;
  readonly registrationByNetwork: Policy;
  readonly registration: Policy;
  readonly factor: Policy;
}

export const lockoutsOf = (config: z.infer<z.ZodObject<typeof lockoutSettings>>): Lockouts => ({
  passwordByNetwork: lockingLonger({
    failures: config.LOGIN_FAILURES,
    lockMs: config.LOGIN_LOCK,
    maxLockMs: config.LOGIN_LOCK_MAX,
    forgetMs: HOUR_MS,
  }),
  password: lockingForTheRestOf({ failures: config.LOGIN_FAILURES_PER_HOUR, windowMs: HOUR_MS }),
  registrationByNetwork: lockingForTheRestOf({
    failures: config.REGISTRATIONS_PER_HOUR_BY_NETWORK,
    windowMs: HOUR_MS,
  }),
  registration: lockingForTheRestOf({ failures: config.REGISTRATIONS_PER_HOUR, windowMs: HOUR_MS }),
  // Of a million codes three are right. At one guess an hour, it takes a year to have one chance in forty.
  factor: lockingLonger({
    failures: config.MFA_FAILURES,
    lockMs: config.MFA_LOCK,
    maxLockMs: config.MFA_LOCK_MAX,
    forgetMs: DAY_MS,
  }),
});
