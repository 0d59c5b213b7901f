import { networkOf } from "@medconnect/platform/client-network.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";

/**
 * Whom a request counts for: the signed-in user or service account, else the address; where credentials are tried,
 * always the address.
 */
export function clientKey(rate: RateClass, caller: Caller, address: string): string {
  if (rate === RateClass.AUTH) return `ip:${networkOf(address)}`;
  switch (caller.kind) {
    case "user":
      return `user:${caller.userId}`;
    case "serviceAccount":
      return `account:${caller.accountId}`;
    default:
      return `ip:${networkOf(address)}`;
  }
}
