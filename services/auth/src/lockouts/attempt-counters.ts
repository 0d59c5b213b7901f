import type { Call } from "@medconnect/platform/grpc/call.ts";
import { networkOf, siteOf } from "@medconnect/platform/network/client-network.ts";
import type { Auth } from "../app.ts";
import type { Policy } from "./lockout-rules.ts";

/** A counter of attempts, and the limit that it enforces. */
export interface AttemptCounter {
  /**
   * Keyed hash of the account or address, so that the table does not show which ones are tried. Unknown
   * addresses are counted, too.
   */
  readonly id: Buffer;
  readonly policy: Policy;
  /** True if a successful attempt resets the counter. */
  readonly clearedBySuccess?: boolean;
}

/**
 * Counters of failed passwords for an account: one for the caller's network, one for the caller's IPv6 site,
 * and one for all networks together. A site is a /48, in which one client may have many networks. The first
 * two counters stop a single attacker before the third one locks the owner out.
 *
 * @param email in canonical form
 */
export function passwordCounters(app: Auth, email: string, call: Call): AttemptCounter[] {
  const { here, anywhere } = byOrigin(app, "password", email, call);
  return [...here.map((counter) => ({ ...counter, clearedBySuccess: true })), anywhere];
}

/**
 * Counters of registrations for one e-mail address. Each registration sends a mail to the address. A stranger
 * reaches the limit of their network or IPv6 site (/48) before the limit of the address, so the owner can
 * still register.
 *
 * @param email in canonical form
 */
export function registrationCounters(app: Auth, email: string, call: Call): AttemptCounter[] {
  const { here, anywhere } = byOrigin(app, "registration", email, call);
  return [...here, anywhere];
}

function byOrigin(
  { hash, lockouts }: Auth,
  kind: "password" | "registration",
  email: string,
  { clientAddress }: Call,
): { here: AttemptCounter[]; anywhere: AttemptCounter } {
  const policies = lockouts[kind];
  const site = siteOf(clientAddress);
  const from = (place: string, policy: Policy): AttemptCounter => ({
    id: hash.of(kind, email, place),
    policy,
  });
  return {
    here: [
      from(networkOf(clientAddress), policies.network),
      ...(site === undefined ? [] : [from(site, policies.site)]),
    ],
    anywhere: { id: hash.of(kind, email), policy: policies.anywhere },
  };
}

/**
 * Counters of wrong authenticator codes and recovery codes. All attempts on an account share a counter,
 * whatever their network, because only callers who know the password can make them.
 */
export const factorCounters = ({ hash, lockouts }: Auth, userId: string): AttemptCounter[] => [
  { id: hash.of("second factor", userId), policy: lockouts.factor, clearedBySuccess: true },
];
