import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "@jest/globals";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { ANONYMOUS_BODY_MS, LIMITS } from "../http/server.ts";
import { gatewaySettings } from "../settings.ts";
import { type Headers, WaitingSearches } from "../testing/waiting-searches.ts";

const REFUSED = { status: 429, reason: "TOO_MANY_CONCURRENT_REQUESTS" };
let searches: WaitingSearches;
afterEach(() => searches.close());

const HEADERS = { "content-type": "application/json", "content-length": 9 };

/** Sends a request with only the start of its body, and waits until the gateway handles the request. */
async function slowBody(path: string, headers: Headers): Promise<ClientRequest> {
  const before = searches.gateway.callers.size;
  const post = searches.send({ method: "POST", path, headers: { ...HEADERS, ...headers } });
  post.write("{");
  await eventually(
    async () => searches.gateway.callers.size,
    (size) => size > before,
  );
  return post;
}

test("without a valid token, a slow body ends soon; with one, it has the time of the whole request", async () => {
  searches = await WaitingSearches.start({ callerRequests: 1, anonymousBodyMs: 200 });
  const own = await slowBody("/v1/bookings", await searches.gateway.signedIn());
  let isAnswered = false;
  own.once("response", () => {
    isAnswered = true;
  });
  const startedAtMs = performance.now();
  const login = await slowBody("/v1/auth/login", {});
  expect((await searches.gateway.send("POST", "/v1/auth/login", { body: {} })).json).toMatchObject(REFUSED);
  const [response] = (await once(login, "response")) as [IncomingMessage];
  expect(response.statusCode).toBe(408);
  expect(performance.now() - startedAtMs).toBeLessThan(LIMITS.requestTimeout / 2);
  expect(response.headers.connection).toBe("close");
  expect(JSON.parse(await text(response))).toMatchObject({ reason: "REQUEST_TIMEOUT" });
  await searches.untilRunning(1);
  expect((await searches.gateway.send("POST", "/v1/auth/login", { body: {} })).status).not.toBe(429);
  expect(isAnswered).toBe(false);
});

test("within the limit of calls without a token, slow bodies cannot occupy all places of an address", () => {
  const places = gatewaySettings.MAX_CALLER_REQUESTS.parse(undefined);
  const callsAMinute = gatewaySettings.RATE_LIMIT_ADDRESS_ANONYMOUS.parse(undefined);
  expect((places * 60_000) / ANONYMOUS_BODY_MS).toBeGreaterThan(callsAMinute);
});
