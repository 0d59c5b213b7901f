import { isIPv6 } from "node:net";

/** Canonical form of an address: without a zone (RFC 4007), and IPv4-mapped IPv6 as IPv4. */
export function canonicalAddress(address: string): string {
  const [bare = ""] = address.split("%", 1);
  return mappedIPv4(bare) ?? bare;
}

/**
 * Network of an address, for counting clients. An IPv6 client gets a whole /64 (RFC 6177, RFC 4291 §2.5.1),
 * so all of its addresses count as one client.
 */
export function networkOf(address: string): string {
  return groupsOf(address)?.slice(0, 4).join(":") ?? mappedIPv4(address) ?? address;
}

/**
 * Site of an IPv6 address: a /48 (RFC 6177 §2), which has 65,536 /64s. A site has a quota of its own, for
 * several clients, because others may share it. Undefined for IPv4.
 */
export function siteOf(address: string): string | undefined {
  return groupsOf(address)?.slice(0, 3).join(":");
}

/** Quota of a site, as a multiple of a network's. */
export const NETWORKS_OF_A_SITE = 8;

const mappedIPv4 = (address: string): string | undefined =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];

/** Eight groups of an IPv6 address, without leading zeros; undefined for other addresses. */
function groupsOf(address: string): string[] | undefined {
  if (mappedIPv4(address) || !isIPv6(address)) return undefined;
  const [head = "", tail] = address.split("::");
  const left = head.split(":");
  const right = tail === undefined ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group || "0", 16).toString(16));
}
