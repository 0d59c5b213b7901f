import { describe, expect, test } from "@jest/globals";
import { ANONYMOUS, type Caller } from "@medconnect/platform/identity/caller.ts";
import { byAddress } from "@medconnect/platform/network/client.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { clientFor } from "./quotas.ts";

const source = (address: string) => ({ address, addressClient: byAddress(address) });
const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";

describe("the client of a request is", () => {
  const user: Caller = { kind: "user", userId: ID, sessionId: ID, role: "PATIENT", authTime: new Date() };
  const account: Caller = { kind: "serviceAccount", accountId: ID, sessionId: ID, scopes: new Set() };

  test.each<[string, RateClass, Caller, string, string]>([
    ["the user", RateClass.READ, user, "1.2.3.4", `user:${ID}`],
    ["the service account", RateClass.READ, account, "1.2.3.4", `account:${ID}`],
    ["the address without a token", RateClass.READ, ANONYMOUS, "1.2.3.4", "ip:1.2.3.4"],
    ["the user who tries credentials", RateClass.AUTH, user, "1.2.3.4", `user:${ID}`],
    [
      "the address that tries credentials without a token",
      RateClass.AUTH,
      ANONYMOUS,
      "1.2.3.4",
      "ip:1.2.3.4",
    ],
    ["the IPv4 address that an IPv6 address maps", RateClass.READ, ANONYMOUS, "::ffff:1.2.3.4", "ip:1.2.3.4"],
    ["the network of an IPv6 address", RateClass.READ, ANONYMOUS, "2001:DB8:0:7:1:2:3:4", "ip:2001:db8:0:7"],
    ["the network of a shortened address", RateClass.READ, ANONYMOUS, "2001:db8::1", "ip:2001:db8:0:0"],
    ["the network of this machine", RateClass.READ, ANONYMOUS, "::1", "ip:0:0:0:0"],
  ])("%s", (_title, rate, caller, address, key) => {
    expect(clientFor(rate, caller, source(address)).key).toBe(key);
  });

  test("the IPv6 site counts only for addresses", () => {
    const address = "2001:db8:0:7::1";
    expect(clientFor(RateClass.READ, ANONYMOUS, source(address)).siteKey).toBe("site:2001:db8:0");
    expect(clientFor(RateClass.READ, user, source(address)).siteKey).toBeUndefined();
    expect(clientFor(RateClass.READ, ANONYMOUS, source("1.2.3.4")).siteKey).toBeUndefined();
  });

  test("all users of an address share a quota for credential attempts", () => {
    expect(clientFor(RateClass.AUTH, user, source("1.2.3.4")).siteKey).toBe("users:1.2.3.4");
  });
});
