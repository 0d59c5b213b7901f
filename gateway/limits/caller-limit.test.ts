import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { MethodRules_RateClass as RateClass } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { ANONYMOUS_BODY_MS, LIMITS } from "../http/server.ts";
import { gatewaySettings } from "../settings.ts";
import { contractRoutes } from "../testing/routes.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const SEARCH = "/v1/doctors";
const REFUSED = { status: 429, reason: "TOO_MANY_CONCURRENT_REQUESTS" };
type Headers = Record<string, string>;

let gateway: TestGateway;
/** Answers each search that waits. */
let waiting: (() => void)[] = [];
const sent: ClientRequest[] = [];

async function start(options: Parameters<typeof startTestGateway>[0]): Promise<void> {
  gateway = await startTestGateway(options);
  gateway.stubs.stubs.set("SearchDoctors", async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return {};
  });
}

/** Sends a search, and waits until it runs. */
async function runningSearch(headers: Headers): Promise<ClientRequest> {
  const before = waiting.length;
  const search = request({ port: gateway.port, path: SEARCH, headers }).on("error", () => {});
  sent.push(search);
  search.end();
  await eventually(
    async () => waiting.length,
    (count) => count > before,
  );
  return search;
}

const answerAll = () => {
  for (const answer of waiting.splice(0)) answer();
};

const noneRuns = () =>
  eventually(
    async () => gateway.callers.size,
    (size) => size === 0,
  );

const get = async (path: string, headers: Headers) => (await gateway.send("GET", path, { headers })).json;

afterEach(async () => {
  answerAll();
  for (const each of sent.splice(0)) each.destroy();
  waiting = [];
  await gateway.close();
});

describe("an account with as many requests running as it may have", () => {
  let own: Headers;
  beforeEach(async () => {
    await start({ callerRequests: 8 });
    own = await gateway.signedIn();
    for (let i = 0; i < 2; i++) await runningSearch(own);
  });

  test("is refused at once, with a time to try again", async () => {
    const { json, headers } = await gateway.send("GET", SEARCH, { headers: own });
    expect(json).toMatchObject(REFUSED);
    expect(headers["retry-after"]).toBe("1");
    expect(gateway.stubs.calls).toHaveLength(2);
  });

  test("refuses neither another account at its address, nor calls without a token, nor health", async () => {
    const other = await gateway.signedIn();
    await runningSearch(other);
    await runningSearch({});
    expect((await gateway.send("GET", "/healthz")).status).toBe(200);
    expect(await get(SEARCH, own)).toMatchObject(REFUSED);
  });

  test("goes on after one of them is answered", async () => {
    const closed = once(sent[0]!, "close");
    sent[0]!.on("response", (response) => response.resume());
    waiting.shift()!();
    await closed;
    await eventually(
      () => get(`/v1/doctors/${ID}`, own),
      ({ status }) => status !== 429,
    );
  });
});

test("a search counts as four requests", async () => {
  await start({ callerRequests: 5 });
  await runningSearch({});
  expect(await get(SEARCH, {})).toMatchObject(REFUSED);
  expect((await gateway.send("GET", `/v1/doctors/${ID}`)).status).toBe(200);
});

describe("a request ends for the limit", () => {
  test("when its client aborts before the answer", async () => {
    await start({ callerRequests: 1 });
    const search = await runningSearch({});
    search.destroy();
    await noneRuns();
    await runningSearch({});
  });

  test("when its client aborts within the body", async () => {
    await start({ callerRequests: 1 });
    const headers = {
      ...(await gateway.signedIn()),
      "content-type": "application/json",
      "content-length": 9,
    };
    const post = request({ port: gateway.port, method: "POST", path: "/v1/bookings", headers });
    post.on("error", () => {}).write("{");
    await eventually(
      async () => gateway.callers.size,
      (size) => size === 1,
    );
    post.destroy();
    await noneRuns();
  });

  test.each<[string, string, Headers, number]>([
    ["the service", `/v1/doctors/${ID}`, {}, 404],
    ["the input", `${SEARCH}?unknown=1`, {}, 400],
    ["the token", SEARCH, { authorization: "Bearer x" }, 401],
    ["a rate limit", SEARCH, {}, 429],
  ])("when it is refused by %s", async (by, path, headers, status) => {
    await start({ callerRequests: 1, limits: by === "a rate limit" ? { search: 1 } : {} });
    gateway.stubs.stubs.set("GetDoctor", () => {
      throw new ApiError("NOT_FOUND");
    });
    if (by === "a rate limit") {
      (await runningSearch({})).destroy();
      await noneRuns();
    }
    const { json } = await gateway.send("GET", path, { headers });
    expect(json).toMatchObject({ status });
    expect(json.reason).not.toBe(REFUSED.reason);
    await noneRuns();
  });
});

describe("a body that arrives slowly", () => {
  const HEADERS = { "content-type": "application/json", "content-length": 9 };

  /** Sends the start of a body, and waits until its request runs. */
  async function slowBody(path: string, headers: Headers): Promise<ClientRequest> {
    const before = gateway.callers.size;
    const post = request({ port: gateway.port, method: "POST", path, headers: { ...HEADERS, ...headers } });
    sent.push(post.on("error", () => {}));
    post.write("{");
    await eventually(
      async () => gateway.callers.size,
      (size) => size > before,
    );
    return post;
  }

  test("frees the place of its address soon without a valid token, and with one has the whole request's time", async () => {
    await start({ callerRequests: 1, anonymousBodyMs: 200 });
    const own = await slowBody("/v1/bookings", await gateway.signedIn());
    let isAnswered = false;
    own.once("response", () => {
      isAnswered = true;
    });
    const startedAtMs = performance.now();
    const login = await slowBody("/v1/auth/login", {});
    expect((await gateway.send("POST", "/v1/auth/login", { body: {} })).json).toMatchObject(REFUSED);
    const [response] = (await once(login, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(408);
    expect(performance.now() - startedAtMs).toBeLessThan(LIMITS.requestTimeout / 2);
    expect(response.headers.connection).toBe("close");
    expect(JSON.parse(await text(response))).toMatchObject({ reason: "REQUEST_TIMEOUT" });
    await eventually(
      async () => gateway.callers.size,
      (size) => size === 1,
    );
    expect((await gateway.send("POST", "/v1/auth/login", { body: {} })).status).not.toBe(429);
    expect(isAnswered).toBe(false);
  });

  test("cannot hold all places of an address for a minute, within the limit of calls without a token", () => {
    const places = gatewaySettings.MAX_CALLER_REQUESTS.parse(undefined);
    const callsAMinute = gatewaySettings.RATE_LIMIT_ADDRESS_ANONYMOUS.parse(undefined);
    expect((places * 60_000) / ANONYMOUS_BODY_MS).toBeGreaterThan(callsAMinute);
  });
});

describe("without a token", () => {
  const from = (address: string) => ({ "x-forwarded-for": address });

  test("an IPv4 address and an IPv6 /64 are one client each", async () => {
    await start({ callerRequests: 1, trustProxy: 1 });
    await runningSearch(from("192.0.2.1"));
    expect(await get(SEARCH, from("192.0.2.1"))).toMatchObject(REFUSED);
    await runningSearch(from("192.0.2.2"));
    await runningSearch(from("2001:db8::1"));
    expect(await get(SEARCH, from("2001:db8::ffff"))).toMatchObject(REFUSED);
  });

  test("an IPv6 /48 has as many requests at once as eight of its /64s", async () => {
    await start({ callerRequests: 1, trustProxy: 1 });
    for (let i = 0; i < 8; i++) await runningSearch(from(`2001:db8:0:${i}::1`));
    expect(await get(SEARCH, from("2001:db8:0:8::1"))).toMatchObject(REFUSED);
    await runningSearch(from("2001:db8:1::1"));
  });
});

test("on every route, a client beyond its limit is refused; public keys and webhooks count apart", async () => {
  await start({ callerRequests: 1 });
  const own = await gateway.signedIn("ADMIN");
  for (const headers of [own, {}]) await runningSearch(headers);
  for (const { httpMethod, path, method } of contractRoutes) {
    const isOpen = method.rules.rate === RateClass.UNLIMITED;
    for (const headers of [own, {}]) {
      const { json } = await gateway.send(httpMethod, path.replaceAll(/\{\w+\}/g, ID), { headers });
      expect({ path, isRefused: json.reason === REFUSED.reason }).toEqual({ path, isRefused: !isOpen });
    }
  }
  expect(gateway.callers.size).toBe(2);
});

test("searches of many addresses leave places of their service to bookings", async () => {
  await start({ callerRequests: 4, trustProxy: 1, requests: 32 });
  for (let i = 1; i <= 2; i++) await runningSearch({ "x-forwarded-for": `192.0.2.${i}` });
  expect(await get(SEARCH, { "x-forwarded-for": "192.0.2.3" })).toMatchObject({ status: 503 });
  const headers = await gateway.signedIn();
  expect((await gateway.send("POST", "/v1/bookings", { headers, body: {} })).status).toBe(201);
});

test("searches of many accounts at one address leave places to other addresses", async () => {
  await start({ callerRequests: 4, trustProxy: 1, requests: 256 });
  const from = async (address: string) => ({ ...(await gateway.signedIn()), "x-forwarded-for": address });
  for (let i = 0; i < 12; i++) await runningSearch(await from("192.0.2.1"));
  expect(await get(SEARCH, await from("192.0.2.1"))).toMatchObject({ status: 503 });
  await runningSearch(await from("192.0.2.2"));
});

test.each([
  ["of one client", { callerRequests: 1 }, 429],
  ["for want of places", { callerRequests: 0, requests: 16 }, 503],
])("refusals of a burst are answered one after the other: %s", async (_, options, status) => {
  await start(options);
  const own = await gateway.signedIn();
  await runningSearch(own);
  const begin = performance.now();
  const refused = await Promise.all(Array.from({ length: 100 }, () => get(SEARCH, own)));
  expect(refused).toEqual(Array(100).fill(expect.objectContaining({ status })));
  expect(performance.now() - begin).toBeGreaterThan(90);
});

test("0 is no limit", async () => {
  await start({ callerRequests: 0, requests: 1280 });
  for (let i = 0; i < 40; i++) await runningSearch({});
  expect(gateway.callers.size).toBe(0);
});
