import type { Method } from "@medconnect/platform/contract/methods.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { byAddress, type Client, clientOf } from "@medconnect/platform/network/client.ts";
import { networkOf } from "@medconnect/platform/network/client-network.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { ClientQuota, QuotaName } from "./rate-limiter.ts";

/** Address that a request comes from. */
export interface SourceAddress {
  readonly address: string;
  /** The address as a client of the limits: its network and, for IPv6, its site. */
  readonly addressClient: Client;
}

/** The quota of each rate class; UNLIMITED has none. */
const QUOTA_OF: Partial<Record<RateClass, QuotaName>> = {
  [RateClass.AUTH]: "auth",
  [RateClass.READ]: "read",
  [RateClass.WRITE]: "write",
  [RateClass.SEARCH]: "search",
};

/**
 * The quotas of a call: one of its rate class and one of its address. Each address has several quotas, so
 * calls without a token leave those of signed-in users alone, and polls leave sign-ins alone.
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
 * The quotas of a request that reaches no RPC. OPTIONS has its own quota: a browser sends preflights without
 * the token, so a refused one would block a signed-in user.
 */
export const unroutedQuotas = (httpMethod: string, caller: Caller, source: SourceAddress): ClientQuota[] =>
  httpMethod === "OPTIONS" ? [openQuota(httpMethod, source)] : classQuotas(RateClass.READ, caller, source);

/** Quota of an address for requests without a valid token and for 401 answers. */
export const anonymousQuota = (addressClient: Client): ClientQuota => ({
  quota: "anonymous",
  client: addressClient,
});

/** Quota for cheap requests without a token. It is separate for each name, so polls cannot block webhooks. */
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
 * The client of a rate class: the user or service account, or the address without a token. For credential
 * attempts, all users of an address share one more quota, because accounts are cheap and password hashes are
 * not.
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
