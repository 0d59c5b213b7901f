import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { CredentialLimit } from "./credential-limit.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Sends ten calls from an address. Returns how many are accepted. */
async function passed(limit: CredentialLimit, address: string): Promise<number> {
  const calls = await Promise.allSettled(Array.from({ length: 10 }, () => limit.count(address)));
  return calls.filter(({ status }) => status === "fulfilled").length;
}

test("calls beyond the quota of a minute are refused, with a retry delay", async () => {
  const limit = new CredentialLimit(3);
  expect(await passed(limit, "192.0.2.1")).toBe(3);
  await expect(limit.count("192.0.2.1")).rejects.toMatchObject({
    reason: "RATE_LIMITED",
    retryAfterMs: 60_000,
  });
  jest.advanceTimersByTime(60_001);
  expect(await passed(limit, "192.0.2.1")).toBe(3);
});

test("each network has its own count, and all addresses of an IPv6 /64 share one", async () => {
  const limit = new CredentialLimit(3);
  expect(await passed(limit, "192.0.2.1")).toBe(3);
  expect(await passed(limit, "192.0.2.2")).toBe(3);
  expect(await passed(limit, "2001:db8::1")).toBe(3);
  expect(await passed(limit, "2001:db8::2")).toBe(0);
});

test("an IPv6 site has the quota of eight networks, however many it has", async () => {
  const limit = new CredentialLimit(3);
  const counts: number[] = [];
  for (let i = 1; i <= 10; i++) counts.push(await passed(limit, `2001:db8:0:${i}::1`));
  expect(counts).toEqual([3, 3, 3, 3, 3, 3, 3, 3, 0, 0]);
  expect(await passed(limit, "2001:db8:1::1")).toBe(3);
});

test("a quota of 0 is unlimited", async () => {
  expect(await passed(new CredentialLimit(0), "192.0.2.1")).toBe(10);
});
