import { once } from "node:events";
import type { ClientRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { contractRoutes } from "../testing/routes.ts";
import { type Headers, SEARCH, WaitingSearches } from "../testing/waiting-searches.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const REFUSED = {
  status: 429,
  reason: "TOO_MANY_CONCURRENT_REQUESTS",
  type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
  "violated-policies": ["concurrent"],
};
let searches: WaitingSearches;
afterEach(() => searches.close());

describe("an account at its limit of concurrent requests", () => {
  let own: Headers;
  let first: ClientRequest;
  beforeEach(async () => {
    searches = await WaitingSearches.start({ callerRequests: 8 });
    own = await searches.gateway.signedIn();
    first = await searches.run(own);
    await searches.run(own);
  });

  test("is refused at once, with Retry-After", async () => {
    const { json, headers } = await searches.gateway.send("GET", SEARCH, { headers: own });
    expect(json).toMatchObject(REFUSED);
    expect(headers["retry-after"]).toBe("1");
    expect(searches.gateway.stubs.calls).toHaveLength(2);
  });

  test("leaves other accounts at its address, calls without a token and health checks alone", async () => {
    const other = await searches.gateway.signedIn();
    await searches.run(other);
    await searches.run();
    expect((await searches.gateway.send("GET", "/healthz")).status).toBe(200);
    expect(await searches.get(SEARCH, own)).toMatchObject(REFUSED);
  });

  test("may call again after one request is answered", async () => {
    const closed = once(first, "close");
    first.on("response", (response) => response.resume());
    searches.answerFirst();
    await closed;
    await eventually(
      () => searches.get(`/v1/doctors/${ID}`, own),
      ({ status }) => status !== 429,
    );
  });
});

test("a search counts as four requests", async () => {
  searches = await WaitingSearches.start({ callerRequests: 5 });
  await searches.run();
  expect(await searches.get(SEARCH, {})).toMatchObject(REFUSED);
  expect((await searches.gateway.send("GET", `/v1/doctors/${ID}`)).status).toBe(200);
});

describe("a request stops counting", () => {
  test("when its client aborts before the answer", async () => {
    searches = await WaitingSearches.start({ callerRequests: 1 });
    const search = await searches.run();
    search.destroy();
    await searches.untilRunning(0);
    await searches.run();
  });

  test("when its client aborts the body", async () => {
    searches = await WaitingSearches.start({ callerRequests: 1 });
    const headers = {
      ...(await searches.gateway.signedIn()),
      "content-type": "application/json",
      "content-length": 9,
    };
    const post = searches.send({ method: "POST", path: "/v1/bookings", headers });
    post.write("{");
    await searches.untilRunning(1);
    post.destroy();
    await searches.untilRunning(0);
  });

  test.each<[string, string, Headers, number]>([
    ["the service", `/v1/doctors/${ID}`, {}, 404],
    ["the input", `${SEARCH}?unknown=1`, {}, 400],
    ["the token", SEARCH, { authorization: "Bearer x" }, 401],
    ["a rate limit", SEARCH, {}, 429],
  ])("when it is refused by %s", async (by, path, headers, status) => {
    searches = await WaitingSearches.start({
      callerRequests: 1,
      limits: by === "a rate limit" ? { search: 1 } : {},
    });
    searches.gateway.stubs.stubs.set("GetDoctor", () => {
      throw new ApiError("NOT_FOUND");
    });
    if (by === "a rate limit") {
      (await searches.run()).destroy();
      await searches.untilRunning(0);
    }
    const { json } = await searches.gateway.send("GET", path, { headers });
    expect(json).toMatchObject({ status });
    expect(json.reason).not.toBe(REFUSED.reason);
    await searches.untilRunning(0);
  });
});

describe("without a token", () => {
  const from = (address: string) => ({ "x-forwarded-for": address });

  test("an IPv4 address and an IPv6 /64 are one client each", async () => {
    searches = await WaitingSearches.start({ callerRequests: 1, trustProxy: 1 });
    await searches.run(from("192.0.2.1"));
    expect(await searches.get(SEARCH, from("192.0.2.1"))).toMatchObject(REFUSED);
    await searches.run(from("192.0.2.2"));
    await searches.run(from("2001:db8::1"));
    expect(await searches.get(SEARCH, from("2001:db8::ffff"))).toMatchObject(REFUSED);
  });

  test("an IPv6 /48 has as many requests at once as eight of its /64s", async () => {
    searches = await WaitingSearches.start({ callerRequests: 1, trustProxy: 1 });
    for (let i = 0; i < 8; i++) await searches.run(from(`2001:db8:0:${i}::1`));
    expect(await searches.get(SEARCH, from("2001:db8:0:8::1"))).toMatchObject(REFUSED);
    await searches.run(from("2001:db8:1::1"));
  });
});

test("every route refuses a client beyond its limit, except public keys and webhooks, which count separately", async () => {
  searches = await WaitingSearches.start({ callerRequests: 1 });
  const own = await searches.gateway.signedIn("ADMIN");
  for (const headers of [own, {}]) await searches.run(headers);
  for (const { httpMethod, path, method } of contractRoutes) {
    const isOpen = method.rules.rate === RateClass.UNLIMITED;
    for (const headers of [own, {}]) {
      const { text } = await searches.gateway.send(httpMethod, path.replaceAll(/\{\w+\}/g, ID), { headers });
      expect({ path, isRefused: text.includes(REFUSED.reason) }).toEqual({ path, isRefused: !isOpen });
    }
  }
  expect(searches.gateway.callers.size).toBe(2);
});

test("0 is unlimited", async () => {
  searches = await WaitingSearches.start({ callerRequests: 0, requests: 1280 });
  for (let i = 0; i < 40; i++) await searches.run();
  expect(searches.gateway.callers.size).toBe(0);
});
