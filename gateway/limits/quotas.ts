import type { Method } from "@medconnect/platform/contract/methods.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { byAddress, type Client, clientOf } from "@medconnect/platform/network/client.ts";
import { networkOf } from "@medconnect/platform/network/client-network.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Count, QuotaName } from "./rate-limiter.ts";

/**
 * The client that a request counts for: the signed-in user or service account, else the address. For credential
 * attempts, all users of an address also share a quota, because accounts are cheap and password hashes are not.
 */
export function clientFor(rate: RateClass, caller: Caller, address: string): Client {
  const client = clientOf(caller, address);
  const isAttempt = rate === RateClass.AUTH && caller.kind !== "anonymous";
  return isAttempt ? { ...client, siteKey: `users:${networkOf(address)}` } : client;
}

/** The quota of each class of methods; UNLIMITED has none. */
const QUOTA_OF: Partial<Record<RateClass, QuotaName>> = {
  [RateClass.AUTH]: "auth",
  [RateClass.READ]: "read",
  [RateClass.WRITE]: "write",
  [RateClass.SEARCH]: "search",
};

/**
 * The quotas that a request to an RPC counts against: its class's, and one of its address. An address has separate quotas, so
 * calls without a token do not use up those with one, and polls do not use up sign-ins.
 *
 * @param caller undefined where the token was refused
 */
export function countsOf({ name, rules }: Method, caller: Caller | undefined, address: string): Count[] {
  if (rules.rate === RateClass.UNLIMITED) return [openCall(name, address)];
  if (!caller) return [unknownCaller(address)];
  return ofClass(rules.rate, caller, address);
}

/** The quotas of a request to no RPC. A preflight has its own quota: it has no token, and refusing it would block its user. */
export const unroutedCounts = (method: string, caller: Caller, address: string): Count[] =>
  method === "OPTIONS" ? [openCall(method, address)] : ofClass(RateClass.READ, caller, address);

/** The quota of requests without a valid token, and of answers 401. */
export const unknownCaller = (address: string): Count => ({ quota: "anonymous", client: byAddress(address) });

/** Quota of cheap requests without a token. Each name has its own, so that polls cannot block webhooks. */
const openCall = (name: string, address: string): Count => ({
  quota: "open",
  client: byAddress(address, name),
});

function ofClass(rate: RateClass, caller: Caller, address: string): Count[] {
  const quota = QUOTA_OF[rate];
  return [
    ...(quota ? [{ quota, client: clientFor(rate, caller, address) }] : []),
    caller.kind === "anonymous" ? unknownCaller(address) : { quota: "address", client: byAddress(address) },
  ];
}
