import { afterEach, describe, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;
afterEach(() => gateway?.close());

describe("an address", () => {
  const me = (headers: Record<string, string>) => gateway.send("GET", "/v1/users/me", { headers });
  const statuses = async (count: number, headers: Record<string, string>) => {
    const answers = [];
    for (let i = 0; i < count; i++) answers.push((await me(headers)).status);
    return answers;
  };

  test("has one quota for all its accounts", async () => {
    gateway = await startTestGateway({ limits: { address: 4, read: 2 }, trustProxy: 1 });
    const from = async (address: string) => ({ ...(await gateway.signedIn()), "x-forwarded-for": address });
    const users = await Promise.all([from("1.1.1.1"), from("1.1.1.1"), from("1.1.1.1")]);
    const seen = [];
    for (const user of users) seen.push(await statuses(2, user));
    expect(seen).toEqual([
      [200, 200],
      [200, 200],
      [429, 429],
    ]);
    expect(await statuses(1, await from("1.1.1.2"))).toEqual([200]);
  });

  test("reports each quota, and Retry-After is for the last that resets", async () => {
    gateway = await startTestGateway({ limits: { address: 1, read: 5 } });
    const headers = await gateway.signedIn();
    const first = await me(headers);
    expect(first.headers).toMatchObject({
      "ratelimit-policy": '"read";q=5;w=60, "address";q=1;w=60',
      ratelimit: '"read";r=4;t=60, "address";r=0;t=60',
    });
    const second = await me(headers);
    expect(second.json).toMatchObject({ status: 429, reason: "RATE_LIMITED" });
    expect(second.headers.ratelimit).toMatch(/^"read";r=3;t=\d+, "address";r=0;t=\d+$/);
    expect(second.headers["retry-after"]).toMatch(/^(59|60)$/);
  });

  test("has a quota for calls without a valid token that never refuses a valid one", async () => {
    gateway = await startTestGateway({ limits: { anonymous: 3 } });
    const bad = { authorization: "Bearer x" };
    expect(await statuses(2, bad)).toEqual([401, 401]);
    expect(await statuses(1, {})).toEqual([401]);
    const refused = await me(bad);
    expect(refused.json).toMatchObject({ status: 429, reason: "RATE_LIMITED" });
    expect(refused.headers["ratelimit-policy"]).toBe('"anonymous";q=3;w=60');
    expect((await gateway.send("GET", `/v1/doctors/${ID}`)).status).toBe(429);
    expect(await statuses(5, await gateway.signedIn())).toEqual([200, 200, 200, 200, 200]);
  });

  test("keeps its quota when invalid tokens arrive", async () => {
    gateway = await startTestGateway({ limits: { address: 10, anonymous: 3 } });
    expect(await statuses(20, { authorization: "Bearer x" })).toEqual([
      ...Array(3).fill(401),
      ...Array(17).fill(429),
    ]);
    const answer = await me(await gateway.signedIn());
    expect(answer.status).toBe(200);
    expect(answer.headers.ratelimit).toMatch(/^"address";r=9;/);
  });

  test("keeps its quota when a user exceeds their limit", async () => {
    gateway = await startTestGateway({ limits: { address: 10, read: 3 } });
    expect(await statuses(20, await gateway.signedIn())).toEqual([
      ...Array(3).fill(200),
      ...Array(17).fill(429),
    ]);
    expect(await statuses(3, await gateway.signedIn())).toEqual([200, 200, 200]);
  });

  test("counts 401 answers to a valid token without refusing that token", async () => {
    gateway = await startTestGateway({ limits: { anonymous: 2 } });
    gateway.stubs.stubs.set("GetMe", () => {
      throw new ApiError("INVALID_CREDENTIALS");
    });
    expect(await statuses(4, await gateway.signedIn())).toEqual([401, 401, 401, 401]);
    expect(await statuses(1, {})).toEqual([429]);
  });

  test("does not count health checks", async () => {
    gateway = await startTestGateway({ limits: { address: 1, anonymous: 1 } });
    for (let i = 0; i < 3; i++) expect((await gateway.send("GET", "/healthz")).status).toBe(200);
    expect(await statuses(1, await gateway.signedIn())).toEqual([200]);
  });

  test("is a /64 in IPv6, and its /48 has eight times the quota", async () => {
    gateway = await startTestGateway({ limits: { address: 1 }, trustProxy: 1 });
    const from = async (address: string) =>
      (await me({ ...(await gateway.signedIn()), "x-forwarded-for": address })).status;
    expect([await from("2001:db8:0:1::1"), await from("2001:db8:0:1:ffff::1")]).toEqual([200, 429]);
    for (let network = 2; network <= 8; network++) expect(await from(`2001:db8:0:${network}::1`)).toBe(200);
    expect([await from("2001:db8:0:9::1"), await from("2001:db8:1::1")]).toEqual([429, 200]);
  });
});
