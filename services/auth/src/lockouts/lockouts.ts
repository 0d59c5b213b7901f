import { duration } from "@medconnect/platform/config/config.ts";
import * as z from "zod";
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
  /**
   * Registrations of one address from one network, and from anywhere, of which it is told by mail in an hour.
   */
  REGISTRATIONS_PER_HOUR_BY_NETWORK: failures(3),
  REGISTRATIONS_PER_HOUR: failures(10),
  /** Wrong codes and recovery codes for one account after which no more are looked at … */
  MFA_FAILURES: failures(10),
  MFA_LOCK: duration("60s"),
  MFA_LOCK_MAX: duration("1h"),
};

/** Policies for attempts, by origin. */
export interface ByOrigin {
  /** An IPv4 address, or an IPv6 /64. */
  readonly network: Policy;
  /** An IPv6 /48, which one client may own or many may share. */
  readonly site: Policy;
  readonly anywhere: Policy;
}

/** Policies for failures and registrations. */
export interface Lockouts {
  readonly password: ByOrigin;
  readonly registration: ByOrigin;
  readonly factor: Policy;
}

/**
 * Multiple of a network's failures that locks a site: one site alone cannot reach the limit from anywhere.
 */
const PASSWORDS_OF_A_SITE = 4;
/** Multiple of a network's registrations for a site: it leaves the owner of the address some of the limit. */
const REGISTRATIONS_OF_A_SITE = 2;

export const lockoutsOf = (config: z.infer<z.ZodObject<typeof lockoutSettings>>): Lockouts => {
  const passwords = (failures: number) =>
    lockingLonger({
      failures,
      lockMs: config.LOGIN_LOCK,
      maxLockMs: config.LOGIN_LOCK_MAX,
      forgetMs: HOUR_MS,
    });
  const anHour = (failures: number) => lockingForTheRestOf({ failures, windowMs: HOUR_MS });
  return {
    password: {
      network: passwords(config.LOGIN_FAILURES),
      site: passwords(config.LOGIN_FAILURES * PASSWORDS_OF_A_SITE),
      anywhere: anHour(config.LOGIN_FAILURES_PER_HOUR),
    },
    registration: {
      network: anHour(config.REGISTRATIONS_PER_HOUR_BY_NETWORK),
      site: anHour(config.REGISTRATIONS_PER_HOUR_BY_NETWORK * REGISTRATIONS_OF_A_SITE),
      anywhere: anHour(config.REGISTRATIONS_PER_HOUR),
    },
    // Three of a million codes are valid at a time, so one guess an hour succeeds within a year with 1 in 40.
    factor: lockingLonger({
      failures: config.MFA_FAILURES,
      lockMs: config.MFA_LOCK,
      maxLockMs: config.MFA_LOCK_MAX,
      forgetMs: DAY_MS,
    }),
  };
};
