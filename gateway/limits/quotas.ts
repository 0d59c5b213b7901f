import type { Method } from "@medconnect/platform/contract/methods.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { byAddress, type Client, clientOf } from "@medconnect/platform/network/client.ts";
import { networkOf } from "@medconnect/platform/network/client-network.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { ClientQuota, QuotaName } from "./rate-limiter.ts";

/** Network origin of a request. */
export interface SourceAddress {
  readonly address: string;
  /**
   * Keys under which limits count the address: the IPv4 address or IPv6 /64, and for IPv6 also the /48 that
   * contains it.
   */
  readonly addressClient: Client;
}

/** Quota of each rate class. The class UNLIMITED has no quota. */
const QUOTA_OF: Partial<Record<RateClass, QuotaName>> = {
  [RateClass.AUTH]: "auth",
  [RateClass.READ]: "read",
  [RateClass.WRITE]: "write",
  [RateClass.SEARCH]: "search",
};

/**
 * The quotas that a call counts towards: one of its rate class and one of its address. An address has several
 * quotas, so that calls without a token cannot use up the quota of signed-in users.
 *
 * @param caller undefined if the token was refused
 */
export function quotasOf(
  { name, rules }: Method,
  caller: Caller | undefined,
  source: SourceAddress,
): ClientQuota[] {
  if (rules.rate === RateClass.UNLIMITED) return [openQuota(name, source)];
  if (!caller) return [anonymousQuota(source.addressClient)];
  return classQuotas(rules.rate, caller, source);
}

/**
 * The quotas of a request that calls no RPC. OPTIONS has a separate quota, because browsers send preflights
 * without the token, and a refused preflight would block a signed-in user.
 */
export const unroutedQuotas = (httpMethod: string, caller: Caller, source: SourceAddress): ClientQuota[] =>
  httpMethod === "OPTIONS" ? [openQuota(httpMethod, source)] : classQuotas(RateClass.READ, caller, source);

/** Quota of an address for requests without a valid token, and for requests that are answered with 401. */
export const anonymousQuota = (addressClient: Client): ClientQuota => ({
  quota: "anonymous",
  client: addressClient,
});

/**
 * Quota of an address for cheap requests without a token. Each `name` is counted separately, so that polls of
 * public keys cannot block webhooks.
 */
const openQuota = (name: string, { address }: SourceAddress): ClientQuota => ({
  quota: "open",
  client: byAddress(address, name),
});

function classQuotas(rate: RateClass, caller: Caller, source: SourceAddress): ClientQuota[] {
  const quota = QUOTA_OF[rate];
  return [
    ...(quota ? [{ quota, client: clientFor(rate, caller, source) }] : []),
    caller.kind === "anonymous"
      ? anonymousQuota(source.addressClient)
      : { quota: "address", client: source.addressClient },
  ];
}

/**
 * The client for which a call is counted: the user or service account, or the address if there is no token.
 * Credential attempts of all users at an address are also counted together, because accounts are cheap to
 * create, and each attempt costs a password hash.
 */
export function clientFor(
  rate: RateClass,
  caller: Caller,
  { address, addressClient }: SourceAddress,
): Client {
  if (caller.kind === "anonymous") return addressClient;
  const client = clientOf(caller, address);
  return rate === RateClass.AUTH ? { ...client, siteKey: `users:${networkOf(address)}` } : client;
}
