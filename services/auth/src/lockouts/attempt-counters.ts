import type { Call } from "@medconnect/platform/grpc/call.ts";
import { networkOf, siteOf } from "@medconnect/platform/network/client-network.ts";
import type { Auth } from "../app.ts";
import type { Policy } from "./lockout-rules.ts";

/** A counter that something counts for that must not come too often. */
export interface AttemptCounter {
  /** A keyed hash: the table tells nobody whose accounts are tried, and a made-up one is counted as any other. */
  readonly id: Buffer;
  readonly policy: Policy;
  /** A success makes the failures so far forgotten. */
  readonly clearedBySuccess?: boolean;
}

/**
 * A password is counted for its account and where it comes from: the network, and the site where an IPv6 client may have
 * many networks; and for the account wherever it comes from. The first ones stop whoever guesses, before the last would lock
 * the owner out.
 *
 * @param email canonical
 */
export function passwordCounters(app: Auth, email: string, call: Call): AttemptCounter[] {
  const { here, anywhere } = byOrigin(app, "password", email, call);
  return [...here.map((counted) => ({ ...counted, clearedBySuccess: true })), anywhere];
}

/**
 * A registration is counted for its address, which gets a mail of it, as a password is for its account: a stranger is
 * stopped before the owner would be kept from registering.
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

/** A code or recovery code is counted for its account, over all logins: whoever shows one has the password already. */
export const factorCounters = ({ hash, lockouts }: Auth, userId: string): AttemptCounter[] => [
  { id: hash.of("second factor", userId), policy: lockouts.factor, clearedBySuccess: true },
];
