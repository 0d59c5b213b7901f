import { networkOf } from "@medconnect/platform/client-network.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type { Auth } from "../app.ts";
import type { Policy } from "./lockout-rules.ts";

/** A counter that an attempt, or something else that must not come too often, counts for. */
export interface Counted {
  /** A keyed hash: the table tells nobody whose accounts are tried, and a made-up one is counted as any other. */
  readonly id: Buffer;
  readonly policy: Policy;
  /** What a success makes of the failures so far. */
  readonly onSuccess: "FORGET" | "KEEP";
}

/**
 * A password is counted for its account and the network that it comes from, and for the account whatever the network:
 * the one stops whoever guesses, before the other would lock the owner out.
 *
 * @param email canonical
 */
export const passwordCounters = ({ hash, lockouts }: Auth, email: string, call: Call): Counted[] => [
  {
    id: hash.of("password", email, networkOf(call.clientAddress)),
    policy: lockouts.passwordByNetwork,
    onSuccess: "FORGET",
  },
  { id: hash.of("password", email), policy: lockouts.password, onSuccess: "KEEP" },
];

/**
 * A registration is counted for its address, which gets a mail of it, and the network that it comes from, and for the
 * address whatever the network: the one stops a stranger before the other would keep the owner from registering.
 *
 * @param email canonical
 */
export const registrationCounters = ({ hash, lockouts }: Auth, email: string, call: Call): Counted[] => [
  {
    id: hash.of("registration", email, networkOf(call.clientAddress)),
    policy: lockouts.registrationByNetwork,
    onSuccess: "KEEP",
  },
  { id: hash.of("registration", email), policy: lockouts.registration, onSuccess: "KEEP" },
];

/** A code or recovery code is counted for its account, over all logins: whoever shows one has the password already. */
export const factorCounters = ({ hash, lockouts }: Auth, userId: string): Counted[] => [
  { id: hash.of("second factor", userId), policy: lockouts.factor, onSuccess: "FORGET" },
];
