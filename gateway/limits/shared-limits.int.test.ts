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

/**
 * Longer time-out for Redis than in production: on a busy machine, Redis often answers late. A gateway that
 * no longer waits for Redis would count only its own requests.
 */
const REDIS_MS = 30_000;

const redis = connectRedis(process.env.REDIS_URL!, pino({ level: "silent" }), REDIS_MS);
beforeAll(() =>
  eventually(
    () => redis.status,
    (status) => status === "ready",
  ),
);
afterAll(() => redis.disconnect());

/**
 * Sends twice as many requests as the limit allows. Returns the number of accepted requests. @param inTurn
 * returns the index of the gateway that gets a request, from the number of the request
 */
async function countAllowed(
  quota: QuotaName,
  inTurn: (index: number) => number,
  limit = QUOTA,
): Promise<number> {
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

test("several gateways together exceed a limit by a twentieth of it each at most", async () => {
  const count = await countAllowed("read", (index) => index % GATEWAYS);
  expect(count).toBeGreaterThanOrEqual(QUOTA);
  expect(count).toBeLessThanOrEqual(QUOTA * (1 + 0.05 * GATEWAYS));
});

test("several gateways together exceed a high limit by 50 requests each at most", async () => {
  const count = await countAllowed("address", (index) => index % GATEWAYS, HIGH_QUOTA);
  expect(count).toBeGreaterThanOrEqual(HIGH_QUOTA);
  expect(count).toBeLessThanOrEqual(HIGH_QUOTA + 50 * GATEWAYS);
});

test("one gateway keeps the limit exactly", async () => {
  expect(await countAllowed("read", () => 0)).toBe(QUOTA);
});

test("credential attempts are counted exactly across gateways", async () => {
  expect(await countAllowed("auth", (index) => index % GATEWAYS)).toBe(QUOTA);
});
