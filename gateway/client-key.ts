import { networkOf, siteOf } from "@medconnect/platform/client-network.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";

/** Whom a request counts for. */
export interface Client {
  readonly key: string;
  /** The IPv6 site that it comes from, which counts as several clients together. */
  readonly siteKey?: string;
}

/**
 * Whom a request counts for: the signed-in user or service account, else the address; where credentials are tried,
 * always the address.
 */
export function clientOf(rate: RateClass, caller: Caller, address: string): Client {
  if (rate === RateClass.AUTH) return byAddress(address);
  switch (caller.kind) {
    case "user":
      return { key: `user:${caller.userId}` };
    case "serviceAccount":
      return { key: `account:${caller.accountId}` };
    default:
      return byAddress(address);
  }
}

function byAddress(address: string): Client {
  const site = siteOf(address);
  return { key: `ip:${networkOf(address)}`, ...(site !== undefined && { siteKey: `site:${site}` }) };
}
