import type { Caller } from "../identity/caller.ts";
import { networkOf, siteOf } from "./client-network.ts";

/** The party to whose limits a request is counted. */
export interface Client {
  readonly key: string;
  /**
   * Group of the client, such as its IPv6 /48. All clients of a group share a limit, which is larger than the
   * limit of one client.
   */
  readonly siteKey?: string;
}

/**
 * Client of a call: the user, service account or service; or the network of the address if there is no token.
 */
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

/** Client for a call without a token. @param name calls with different names are counted separately */
export function byAddress(address: string, name?: string): Client {
  const suffix = name === undefined ? "" : ` ${name}`;
  const site = siteOf(address);
  return {
    key: `ip:${networkOf(address)}${suffix}`,
    ...(site !== undefined && { siteKey: `site:${site}${suffix}` }),
  };
}
