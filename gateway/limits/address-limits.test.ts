import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  MethodRules_Access as Access,
  MethodRules_RateClass as RateClass,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Route } from "../rpc/routes.ts";
import { contractRoutes } from "../testing/routes.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const INVALID = { authorization: "Bearer x" };
const MALFORMED = "GET /v1/\xe9 HTTP/1.1\r\nhost: a.test\r\n\r\n";
let gateway: TestGateway;

const titled = contractRoutes.map((route) => [`${route.httpMethod} ${route.path}`, route] as const);
const METHODS = ["PUT", "DELETE", "PATCH"];
const routed = (path: string) =>
  contractRoutes.filter((other) => other.path === path).map(({ httpMethod }) => httpMethod);
const isOpen = ({ method }: Route) => method.rules.rate === RateClass.UNLIMITED;

const call = ({ httpMethod, path }: Route, headers: Record<string, string>, as = httpMethod) =>
  gateway.send(as, path.replaceAll(/\{\w+\}/g, ID), {
    headers,
    ...(["POST", "PUT", "PATCH"].includes(as) && { body: {} }),
  });

/** Sends bytes as they are. Returns the status of the answer. */
async function statusOf(bytes: string): Promise<number> {
  const socket = connect(gateway.port, "127.0.0.1").setEncoding("latin1");
  socket.write(Buffer.from(bytes, "latin1"));
  let answer = "";
  for await (const part of socket) answer += part;
  return Number(answer.split(" ")[1]);
}

/** Names of the quotas that counted a call, from the headers of its answer. */
const quotasOf = (headers: Record<string, unknown>): string[] =>
  [...String(headers["ratelimit-policy"]).matchAll(/"(\w+)"/g)].map(([, name]) => name!);

describe("each call counts once for its address", () => {
  beforeAll(async () => {
    const limits = { auth: 9e6, read: 9e6, write: 9e6, search: 9e6, address: 9e6, open: 9e6, anonymous: 9e6 };
    gateway = await startTestGateway({ limits });
  });
  afterAll(() => gateway.close());

  test.each(titled)("%s", async (_title, route) => {
    const { access, rate } = route.method.rules;
    const quotas = async (headers: Record<string, string>, as?: string) =>
      quotasOf((await call(route, headers, as)).headers);
    const signedIn = await gateway.signedIn();

    const ownClass = RateClass[rate].toLowerCase();
    const anonymous = isOpen(route) ? ["open"] : [ownClass, "anonymous"];
    const triesCredentials = access === Access.PUBLIC && rate === RateClass.AUTH;
    const isIdentified = !isOpen(route) && !triesCredentials;
    const isPublic = access === Access.PUBLIC;
    const needsToken = !isPublic && access !== Access.OPTIONAL;
    const unrouted = METHODS.find((name) => !routed(route.path).includes(name));
    expect({
      token: await quotas(signedIn),
      none: await quotas({}),
      invalid: await quotas(INVALID),
      options: await quotas({}, "OPTIONS"),
      otherMethod: await quotas(signedIn, unrouted),
      otherMethodWithoutToken: await quotas({}, unrouted),
    }).toEqual({
      token: isIdentified ? [ownClass, "address"] : anonymous,
      none: needsToken ? ["anonymous"] : anonymous,
      invalid: isPublic ? anonymous : ["anonymous"],
      options: ["open"],
      otherMethod: ["read", "address"],
      otherMethodWithoutToken: ["read", "anonymous"],
    });
  });

  test.each([
    ["GET", "/nowhere"],
    ["DELETE", "/openapi.json"],
    ["GET", "/openapi.json"],
    ["GET", "/docs/"],
    ["GET", "/v1/users/me#fragment"],
  ])("%s %s, not an RPC", async (method, path) => {
    const quotas = async (headers: Record<string, string>) =>
      quotasOf((await gateway.send(method, path, { headers })).headers);
    expect(await quotas(await gateway.signedIn())).toEqual(["read", "address"]);
    expect(await quotas({})).toEqual(["read", "anonymous"]);
    expect(await quotas(INVALID)).toEqual(["read", "anonymous"]);
  });
});

describe("after other clients at the address have used up the anonymous quota", () => {
  beforeAll(async () => {
    gateway = await startTestGateway({
      limits: { auth: 3, read: 1000, anonymous: 5, open: 2, address: 1000 },
    });
    for (let i = 0; i < 6; i++) await gateway.send("POST", "/v1/auth/login", { body: {} });
    for (let i = 0; i < 3; i++) {
      await gateway.send("GET", "/v1/users/me", { headers: INVALID });
      await gateway.send("OPTIONS", "/v1/users/me");
      await gateway.send("GET", "/.well-known/jwks.json");
    }
    expect((await gateway.send("GET", "/v1/users/me")).status).toBe(429);
    expect((await gateway.send("OPTIONS", "/v1/users/me")).status).toBe(429);
    expect((await gateway.send("GET", "/.well-known/jwks.json")).status).toBe(429);
  });
  afterAll(() => gateway.close());

  const withToken = titled.filter(([, { method }]) => method.rules.access !== Access.PUBLIC);

  test.each(withToken)("%s accepts a valid token", async (_title, route) => {
    expect((await call(route, await gateway.signedIn())).status).not.toBe(429);
  });

  test("unknown paths and methods give 404 and 405 to a valid token", async () => {
    const headers = await gateway.signedIn();
    expect((await gateway.send("GET", "/nowhere", { headers })).status).toBe(404);
    expect((await gateway.send("DELETE", "/v1/users/me", { headers })).status).toBe(405);
  });

  test("refreshes with a valid token and webhooks are accepted", async () => {
    const headers = await gateway.signedIn();
    expect((await gateway.send("POST", "/v1/auth/token:refresh", { headers, body: {} })).status).toBe(200);
    expect((await gateway.send("POST", "/v1/webhooks/payments/stripe", { body: "{}" })).status).toBe(200);
  });
});

describe("a request that the HTTP parser refuses", () => {
  beforeAll(async () => {
    gateway = await startTestGateway({ limits: { anonymous: 2, address: 9, open: 9, read: 9 } });
  });
  afterAll(() => gateway.close());

  test("counts as a call without a token", async () => {
    expect([await statusOf(MALFORMED), await statusOf(MALFORMED), await statusOf(MALFORMED)]).toEqual([
      400, 400, 429,
    ]);
    expect((await gateway.send("GET", `/v1/doctors/${ID}`)).status).toBe(429);
    expect((await gateway.send("GET", "/v1/users/me", { headers: await gateway.signedIn() })).status).toBe(
      200,
    );
  });
});

test("idle connections do not count, because browsers open spare ones", async () => {
  const httpLimits = { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 };
  gateway = await startTestGateway({ limits: { anonymous: 1 }, httpLimits });
  expect([await statusOf(""), await statusOf(MALFORMED), await statusOf(MALFORMED)]).toEqual([
    Number.NaN,
    400,
    429,
  ]);
  await gateway.close();
});

describe("polls, webhooks and preflights of one address", () => {
  beforeAll(async () => {
    gateway = await startTestGateway({ limits: { open: 3, anonymous: 1 } });
  });
  afterAll(() => gateway.close());

  test.each([
    ["OPTIONS", "/v1/users/me", 204],
    ["OPTIONS", "/nowhere", 404],
    ["OPTIONS", "/docs/", 204],
    ["GET", "/.well-known/jwks.json", 200],
    ["POST", "/v1/webhooks/payments/stripe", 200],
  ])("have a quota of their own: %s %s", async (method, path, status) => {
    if (method === "OPTIONS") {
      // OPTIONS requests to all paths share one quota, so each case starts a new gateway.
      await gateway.close();
      gateway = await startTestGateway({ limits: { open: 3, anonymous: 1 } });
    }
    const body = method === "POST" ? { body: "{}" } : {};
    const seen = [];
    for (let i = 0; i < 5; i++) seen.push((await gateway.send(method, path, body)).status);
    expect(seen).toEqual([status, status, status, 429, 429]);
  });

  test("do not use up the anonymous quota", async () => {
    expect((await gateway.send("GET", `/v1/doctors/${ID}`)).status).toBe(200);
  });
});
