import type { Call } from "@medconnect/platform/grpc/call.ts";
import { networkOf, siteOf } from "@medconnect/platform/network/client-network.ts";
import type { Auth } from "../app.ts";
import type { Policy } from "./lockout-rules.ts";

/** A counter of attempts, and the limit that it enforces. */
export interface AttemptCounter {
  /** Keyed hash, so the table does not show which accounts are tried. Unknown accounts are counted too. */
  readonly id: Buffer;
  readonly policy: Policy;
  /** True if a success resets it. */
  readonly clearedBySuccess?: boolean;
}

/**
 * Counters of failed passwords: per account and network; per account and IPv6 site, in which one client may
 * have many networks; and per account. The first two stop a single attacker before the third one locks the
 * owner out.
 *
 * @param email canonical
 */
export function passwordCounters(app: Auth, email: string, call: Call): AttemptCounter[] {
  const { here, anywhere } = byOrigin(app, "password", email, call);
  return [...here.map((counter) => ({ ...counter, clearedBySuccess: true })), anywhere];
}

/**
 * Counters of registrations for one e-mail address. Each registration sends a mail to the address. A stranger
 * reaches the limit of a network or site before the limit of the address, so the owner can still register.
 *
 * @param email canonical
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
 * Counters of failed codes and recovery codes. They count the attempts on an account from all networks
 * together, because only callers who have proved the password get this far.
 */
export const factorCounters = ({ hash, lockouts }: Auth, userId: string): AttemptCounter[] => [
  { id: hash.of("second factor", userId), policy: lockouts.factor, clearedBySuccess: true },
];
