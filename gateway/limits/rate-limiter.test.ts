import { afterEach, expect, test } from "@jest/globals";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;
afterEach(() => gateway?.close());

test("each answer has the remaining quota, and further requests are refused", async () => {
  gateway = await startTestGateway({ limits: { read: 2 } });
  const headers = await gateway.signedIn();
  const first = await gateway.send("GET", "/v1/users/me", { headers });
  expect(first.headers).toMatchObject({
    "ratelimit-policy": '"read";q=2;w=60',
    ratelimit: '"read";r=1;t=60',
  });
  await gateway.send("GET", "/v1/users/me", { headers });
  const third = await gateway.send("GET", "/v1/users/me", { headers });
  expect(third.json).toMatchObject({ status: 429, reason: "RATE_LIMITED", code: "RESOURCE_EXHAUSTED" });
  // The problem type of draft-ietf-httpapi-ratelimit-headers-11 §5.1.
  expect(third.json).toMatchObject({
    type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
    "violated-policies": ["read"],
  });
  expect(third.headers.ratelimit).toMatch(/^"read";r=0;t=(5\d|60)$/);
  expect(third.headers["retry-after"]).toMatch(/^(59|60)$/);
});

test("quotas are separate for each rate class and user", async () => {
  gateway = await startTestGateway({ limits: { read: 1, write: 1 } });
  const [one, other] = [await gateway.signedIn(), await gateway.signedIn()];
  const statusOf = async (method: string, path: string, headers: Record<string, string>) =>
    (await gateway.send(method, path, { headers })).status;
  expect(await statusOf("GET", "/v1/users/me", one)).toBe(200);
  expect(await statusOf("GET", "/v1/users/me", one)).toBe(429);
  expect(await statusOf("POST", "/v1/auth/logout", one)).toBe(204);
  expect(await statusOf("GET", "/v1/users/me", other)).toBe(200);
});

test("the limit is checked after the token and before the body", async () => {
  gateway = await startTestGateway({ limits: { write: 1 } });
  const headers = await gateway.signedIn();
  const post = async (more: Record<string, string>) =>
    (await gateway.send("POST", "/v1/bookings", { headers: more, body: "{" })).status;
  expect(await post({})).toBe(401);
  expect(await post(headers)).toBe(400);
  expect(await post(headers)).toBe(429);
  expect(await post({ authorization: "Bearer x" })).toBe(401);
});

test("0 is unlimited, without headers", async () => {
  gateway = await startTestGateway();
  const { headers } = await gateway.send("GET", `/v1/doctors/${ID}`);
  expect(Object.keys(headers).filter((name) => name.startsWith("ratelimit"))).toEqual([]);
});

test("a forged X-Forwarded-For does not evade the limit", async () => {
  gateway = await startTestGateway({ limits: { auth: 1 } });
  const login = async (address: string) =>
    (await gateway.send("POST", "/v1/auth/login", { headers: { "x-forwarded-for": address }, body: {} }))
      .status;
  expect([await login("1.1.1.1"), await login("2.2.2.2")]).toEqual([200, 429]);
  const warnings = gateway.logLines.filter(({ level }) => level === 40).map(({ msg }) => msg);
  expect(warnings.filter((text) => String(text).includes("TRUST_PROXY"))).toHaveLength(1);
});

test("the address that a trusted proxy forwards is the client", async () => {
  gateway = await startTestGateway({ limits: { auth: 1 }, trustProxy: 1 });
  const login = async (address: string) =>
    (await gateway.send("POST", "/v1/auth/login", { headers: { "x-forwarded-for": address }, body: {} }))
      .status;
  expect([await login("9.9.9.9, 1.1.1.1"), await login("2.2.2.2"), await login("8.8.8.8, 1.1.1.1")]).toEqual([
    200, 200, 429,
  ]);
  expect(JSON.stringify(gateway.logLines)).not.toContain("TRUST_PROXY");
});

test("an IPv6 site has the quota of eight clients", async () => {
  gateway = await startTestGateway({ limits: { auth: 2 }, trustProxy: 1 });
  const login = async (address: string) =>
    await gateway.send("POST", "/v1/auth/login", { headers: { "x-forwarded-for": address }, body: {} });
  for (let network = 1; network <= 8; network++) {
    for (let i = 1; i <= 3; i++) {
      const { status } = await login(`2001:db8:0:${network}::${i}`);
      expect(status).toBe(i <= 2 ? 200 : 429);
    }
  }
  const ninth = await login("2001:db8:0:9::1");
  expect(ninth.status).toBe(429);
  expect(ninth.headers.ratelimit).toMatch(/^"auth";r=0;t=(5\d|60)$/);
  expect((await login("2001:db8:1:9::1")).status).toBe(200);
});
