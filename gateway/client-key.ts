import { isIPv6 } from "node:net";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";

/**
 * Whom a request counts for: the signed-in user or service account, else the address; where credentials are tried,
 * always the address.
 */
export function clientKey(rate: RateClass, caller: Caller, address: string): string {
  if (rate === RateClass.AUTH) return `ip:${network(address)}`;
  switch (caller.kind) {
    case "user":
      return `user:${caller.userId}`;
    case "serviceAccount":
      return `account:${caller.accountId}`;
    default:
      return `ip:${network(address)}`;
  }
}

/** An IPv6 client is given a whole /64 (RFC 6177, RFC 4291 §2.5.1): one address of it must not be one client each. */
function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped || !isIPv6(address)) return mapped ?? address;
  const [head = "", tail] = address.split("::");
  const left = head.split(":");
  const right = tail === undefined ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group || "0", 16).toString(16))
    .join(":");
}
