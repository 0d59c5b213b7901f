import { isIPv6 } from "node:net";

/**
 * Canonical form of an IP address: without its zone (RFC 4007), and as IPv4 if it is an IPv4-mapped IPv6
 * address.
 */
export function canonicalAddress(address: string): string {
  const [bare = ""] = address.split("%", 1);
  return mappedIPv4(bare) ?? bare;
}

/**
 * Network to whose limits an address is counted: the address itself for IPv4, and the /64 for IPv6. A single
 * IPv6 client has a whole /64 (RFC 6177, RFC 4291 §2.5.1).
 */
export function networkOf(address: string): string {
  return groupsOf(address)?.slice(0, 4).join(":") ?? mappedIPv4(address) ?? address;
}

/**
 * Site of an IPv6 address: its /48 (RFC 6177 §2), which has 65,536 /64s. One owner may have all of these
 * networks, so a site has a limit, too. The limit is larger than that of one client, because several clients
 * may share the site. Undefined for IPv4.
 */
export function siteOf(address: string): string | undefined {
  return groupsOf(address)?.slice(0, 3).join(":");
}

/** Limit of a site (IPv6 /48), as a multiple of the limit of a network (/64). */
export const NETWORKS_OF_A_SITE = 8;

const mappedIPv4 = (address: string): string | undefined =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];

/**
 * The eight groups of an IPv6 address, without leading zeros; undefined for IPv4 and for IPv4-mapped
 * addresses.
 */
function groupsOf(address: string): string[] | undefined {
  if (mappedIPv4(address) || !isIPv6(address)) return undefined;
  const [head = "", tail] = address.split("::");
  const left = head.split(":");
  const right = tail === undefined ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group || "0", 16).toString(16));
}
