import { expect, test } from "@jest/globals";
import { canonicalAddress, networkOf, siteOf } from "./client-network.ts";

test.each<[string, string, string | undefined]>([
  ["192.0.2.7", "192.0.2.7", undefined],
  ["::ffff:192.0.2.7", "192.0.2.7", undefined],
  ["2001:DB8:0:7:1:2:3:4", "2001:db8:0:7", "2001:db8:0"],
  ["2001:0db8:00a0::1", "2001:db8:a0:0", "2001:db8:a0"],
  ["2001:db8::", "2001:db8:0:0", "2001:db8:0"],
  ["::1", "0:0:0:0", "0:0:0"],
  ["", "", undefined],
])("%s belongs to the network %s and the site %s", (address, network, site) => {
  expect([networkOf(address), siteOf(address)]).toEqual([network, site]);
});

test.each([
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["fe80::1%eth0", "fe80::1"],
  ["2001:db8::1", "2001:db8::1"],
  ["192.0.2.7", "192.0.2.7"],
])("%s is shown as %s", (address, shown) => {
  expect(canonicalAddress(address)).toBe(shown);
});
