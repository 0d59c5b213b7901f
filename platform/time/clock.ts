/**
 * Machine time: the time of everything that protects or runs the system, such as tokens, sessions, locks, limits,
 * leases, idempotency keys, certificates and the audit trail. SQL does not use NOW(), so that tests can set the
 * time.
 */
export interface Clock {
  readonly kind?: "machine";
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/**
 * Business time: the time by which appointments, holds, licences, authorizations and prescriptions begin and
 * end. It equals machine time, unless a sandbox has advanced it (see `SandboxClock`). `kind` keeps the compiler
 * from taking one clock for the other.
 */
export interface BusinessClock {
  readonly kind: "business";
  now(): Date;
}

export const systemBusinessClock: BusinessClock = { kind: "business", now: () => new Date() };

/** The clocks of a process. */
export interface Clocks {
  readonly clock: Clock;
  readonly businessClock: BusinessClock;
}
