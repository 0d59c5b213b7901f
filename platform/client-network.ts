import { isIPv6 } from "node:net";

/**
 * Whom an address stands for when clients are counted. An IPv6 client is given a whole /64 (RFC 6177, RFC 4291
 * §2.5.1): each address of it must not be a client of its own.
 */
export function networkOf(address: string): string {
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
