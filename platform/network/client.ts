import type { Caller } from "../identity/caller.ts";
import { networkOf, siteOf } from "./client-network.ts";

/** Client for which a request counts. */
export interface Client {
  readonly key: string;
  /** Group of the client, such as its IPv6 site, with a larger shared quota. */
  readonly siteKey?: string;
}

/** Client of a call: the user, service account or service, else the network of the address. */
export function clientOf(caller: Caller, address: string): Client {
  switch (caller.kind) {
    case "user":
      return { key: `user:${caller.userId}` };
    case "serviceAccount":
      return { key: `account:${caller.accountId}` };
    case "service":
      return { key: `service:${caller.name}` };
    default:
      return byAddress(address);
  }
}

/** @param name separates the counts of one address */
export function byAddress(address: string, name?: string): Client {
  const suffix = name === undefined ? "" : ` ${name}`;
  const site = siteOf(address);
  return {
    key: `ip:${networkOf(address)}${suffix}`,
    ...(site !== undefined && { siteKey: `site:${site}${suffix}` }),
  };
}
