import { afterEach, expect, test } from "@jest/globals";
import { SEARCH, WaitingSearches } from "../testing/waiting-searches.ts";

let searches: WaitingSearches;
afterEach(() => searches.close());

test("searches from many addresses leave capacity of their service for bookings", async () => {
  searches = await WaitingSearches.start({ callerRequests: 4, trustProxy: 1, requests: 32 });
  for (let i = 1; i <= 2; i++) await searches.run({ "x-forwarded-for": `192.0.2.${i}` });
  expect(await searches.get(SEARCH, { "x-forwarded-for": "192.0.2.3" })).toMatchObject({ status: 503 });
  const headers = await searches.gateway.signedIn();
  expect((await searches.gateway.send("POST", "/v1/bookings", { headers, body: {} })).status).toBe(201);
});

test("searches of many accounts at one address leave capacity for other addresses", async () => {
  searches = await WaitingSearches.start({ callerRequests: 4, trustProxy: 1, requests: 256 });
  const from = async (address: string) => ({
    ...(await searches.gateway.signedIn()),
    "x-forwarded-for": address,
  });
  for (let i = 0; i < 12; i++) await searches.run(await from("192.0.2.1"));
  expect(await searches.get(SEARCH, await from("192.0.2.1"))).toMatchObject({ status: 503 });
  await searches.run(await from("192.0.2.2"));
});

test.each([
  ["beyond a client's limit", { callerRequests: 1 }, 429],
  ["beyond the service's capacity", { callerRequests: 0, requests: 16 }, 503],
])("refusals of a burst are spread over time: %s", async (_, options, status) => {
  searches = await WaitingSearches.start(options);
  const own = await searches.gateway.signedIn();
  await searches.run(own);
  const startedAtMs = performance.now();
  const refused = await Promise.all(Array.from({ length: 100 }, () => searches.get(SEARCH, own)));
  expect(refused).toEqual(Array(100).fill(expect.objectContaining({ status })));
  expect(performance.now() - startedAtMs).toBeGreaterThan(90);
});
