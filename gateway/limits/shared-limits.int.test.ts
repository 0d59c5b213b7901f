import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { connectRedis } from "@medconnect/platform/network/redis.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import pino from "pino";
import { type QuotaName, RateLimiter, type RateLimits } from "./rate-limiter.ts";

const QUOTA = 100;
const HIGH_QUOTA = 2000;
const GATEWAYS = 3;
const NONE: RateLimits = { auth: 0, read: 0, write: 0, search: 0, address: 0, open: 0, anonymous: 0 };

/** Longer than in the gateway, which counts for itself where Redis is late: on a busy machine it often is. */
const REDIS_MS = 30_000;

const redis = connectRedis(process.env.REDIS_URL!, pino({ level: "silent" }), REDIS_MS);
beforeAll(() =>
  eventually(
    () => redis.status,
    (status) => status === "ready",
  ),
);
afterAll(() => redis.disconnect());

/** How many of twice as many requests as the limit, sent to the gateways in turn, are let through. */
async function allowed(quota: QuotaName, inTurn: (index: number) => number, limit = QUOTA): Promise<number> {
  const gateways = Array.from(
    { length: GATEWAYS },
    () => new RateLimiter(redis, { ...NONE, [quota]: limit }),
  );
  const client = { key: `user:${newId()}` };
  let count = 0;
  for (let index = 0; index < 2 * limit; index++) {
    const limiter = gateways[inTurn(index)]!;
    const isAllowed = await limiter
      .count([{ quota, client }], () => {})
      .then(
        () => true,
        () => false,
      );
    if (isAllowed) count += 1;
  }
  return count;
}

test("several gateways let through a limit and at most a twentieth of it each", async () => {
  const count = await allowed("read", (index) => index % GATEWAYS);
  expect(count).toBeGreaterThanOrEqual(QUOTA);
  expect(count).toBeLessThanOrEqual(QUOTA * (1 + 0.05 * GATEWAYS));
});

test("past a high limit several gateways let through 50 more each at most", async () => {
  const count = await allowed("address", (index) => index % GATEWAYS, HIGH_QUOTA);
  expect(count).toBeGreaterThanOrEqual(HIGH_QUOTA);
  expect(count).toBeLessThanOrEqual(HIGH_QUOTA + 50 * GATEWAYS);
});

test("a client at one gateway gets exactly its limit", async () => {
  expect(await allowed("read", () => 0)).toBe(QUOTA);
});

test("attempts to sign in are counted exactly, whatever the gateway", async () => {
  expect(await allowed("auth", (index) => index % GATEWAYS)).toBe(QUOTA);
});
