import { isIP } from "node:net";
import { networkOf, siteOf } from "@medconnect/platform/client-network.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Request } from "express";
import type { Count, QuotaName } from "./rate-limit.ts";

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

/** The quota of each class of methods; UNLIMITED has none. */
const QUOTA_OF: Partial<Record<RateClass, QuotaName>> = {
  [RateClass.AUTH]: "auth",
  [RateClass.READ]: "read",
  [RateClass.WRITE]: "write",
  [RateClass.SEARCH]: "search",
};

/**
 * The quotas that a request counts against. All requests of an address share one quota, so more accounts on one host do
 * not raise its limit. Requests without a valid token share another. It never refuses a valid token, and once it is used
 * up, its requests no longer count against the address.
 *
 * @param caller undefined where the token was refused
 */
export function countsOf(rate: RateClass, caller: Caller | undefined, address: string): Count[] {
  const client = byAddress(address);
  const quota = QUOTA_OF[rate];
  const isAnonymous = caller?.kind === "anonymous" && rate !== RateClass.UNLIMITED;
  return [
    ...(caller && quota ? [{ quota, client: clientOf(rate, caller, address) }] : []),
    { quota: "address", client },
    ...(isAnonymous || !caller ? [unknownCaller(address)] : []),
  ];
}

/** The quota of requests without a valid token, and of answers 401. */
export const unknownCaller = (address: string): Count => ({ quota: "anonymous", client: byAddress(address) });

/**
 * The quotas of a request to no RPC, whose token is not checked. A preflight has no token: it counts against its address
 * only, because refusing it would block a user with a valid token.
 */
export const unroutedCounts = (method: string, address: string): Count[] => [
  { quota: "address", client: byAddress(address) },
  ...(method === "OPTIONS" ? [] : [unknownCaller(address)]),
];

/** The client's address, from a header within `trust proxy`; empty after the connection has closed. */
export function addressOf({ ip = "", socket }: Request): string {
  return isIP(ip) ? ip : (socket.remoteAddress ?? "");
}

function byAddress(address: string): Client {
  const site = siteOf(address);
  return { key: `ip:${networkOf(address)}`, ...(site !== undefined && { siteKey: `site:${site}` }) };
}
