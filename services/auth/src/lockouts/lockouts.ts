import { duration, wholeNumber } from "@medconnect/platform/config/config.ts";
import type * as z from "zod";
import { lockingForTheRestOf, lockingLonger, type Policy } from "./lockout-rules.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const attempts = (fallback: number) => wholeNumber({ min: 1 }).default(fallback);

export const lockoutSettings = {
  LOGIN_FAILURES: attempts(5).describe(
    "Wrong passwords for an account from one network (an IPv4 address or IPv6 /64; four times as many from " +
      "a /48) before the account is locked for that network",
  ),
  LOGIN_LOCK: duration("60s").describe("First lock of an account; each further wrong password doubles it"),
  LOGIN_LOCK_MAX: duration("15m").describe("Longest lock of an account for a network"),
  LOGIN_FAILURES_PER_HOUR: attempts(50).describe(
    "Wrong passwords for an account from anywhere before it is locked for the rest of the hour",
  ),
  REGISTRATIONS_PER_HOUR_BY_NETWORK: attempts(3).describe(
    "Registration mails per hour and e-mail address, caused from one network (twice as many from an IPv6 " +
      "/48). Further registrations are dropped",
  ),
  REGISTRATIONS_PER_HOUR: attempts(10).describe("The same, caused from anywhere"),
  MFA_FAILURES: attempts(10).describe(
    "Wrong codes and recovery codes for an account before its second factor is locked",
  ),
  MFA_LOCK: duration("60s").describe("First lock of a second factor; each further wrong code doubles it"),
  MFA_LOCK_MAX: duration("1h").describe("Longest lock of a second factor"),
};

/** Policies for attempts from one network, from one IPv6 site (/48), and from anywhere. */
export interface ByOrigin {
  /** An IPv4 address, or an IPv6 /64. */
  readonly network: Policy;
  /** An IPv6 /48. It may belong to one client, or be shared by many. */
  readonly site: Policy;
  readonly anywhere: Policy;
}

/** Policies that lock passwords and second factors, and that limit registrations. */
export interface Lockouts {
  readonly password: ByOrigin;
  readonly registration: ByOrigin;
  readonly factor: Policy;
}

/**
 * Number of failed passwords that locks an IPv6 site (/48), as a multiple of the number that locks a network.
 * The multiple is so low that a single site is locked before it reaches the limit for all networks, which
 * would lock the owner out.
 */
const PASSWORDS_OF_A_SITE = 4;
/**
 * Number of registrations of one e-mail address from an IPv6 site (/48), as a multiple of the number from a
 * network. The multiple is so low that the owner of the address can still register.
 */
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
    // Three of a million codes are valid at a time. So with one guess per hour, the probability of a success
    // within a year is 1 in 40.
    factor: lockingLonger({
      failures: config.MFA_FAILURES,
      lockMs: config.MFA_LOCK,
      maxLockMs: config.MFA_LOCK_MAX,
      forgetMs: DAY_MS,
    }),
  };
};
