import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { REDIS_IN_REQUEST_MS } from "@medconnect/platform/network/redis.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
let gateway: TestGateway;
afterEach(() => gateway?.close());

describe("a limit", () => {
  test("is told with each answer, and refuses what is beyond it", async () => {
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
    expect(third.headers.ratelimit).toMatch(/^"read";r=0;t=(5\d|60)$/);
    expect(third.headers["retry-after"]).toMatch(/^(59|60)$/);
  });

  test("counts by class and by user", async () => {
    gateway = await startTestGateway({ limits: { read: 1, write: 1 } });
    const [one, other] = [await gateway.signedIn(), await gateway.signedIn()];
    const statusOf = async (method: string, path: string, headers: Record<string, string>) =>
      (await gateway.send(method, path, { headers })).status;
    expect(await statusOf("GET", "/v1/users/me", one)).toBe(200);
    expect(await statusOf("GET", "/v1/users/me", one)).toBe(429);
    expect(await statusOf("POST", "/v1/auth/logout", one)).toBe(204);
    expect(await statusOf("GET", "/v1/users/me", other)).toBe(200);
  });

  test("comes after the token and before the body", async () => {
    gateway = await startTestGateway({ limits: { write: 1 } });
    const headers = await gateway.signedIn();
    const post = async (more: Record<string, string>) =>
      (await gateway.send("POST", "/v1/bookings", { headers: more, body: "{" })).status;
    expect(await post({})).toBe(401);
    expect(await post(headers)).toBe(400);
    expect(await post(headers)).toBe(429);
    expect(await post({ authorization: "Bearer x" })).toBe(401);
  });

  test("of 0 is none, and tells nothing", async () => {
    gateway = await startTestGateway();
    const { headers } = await gateway.send("GET", `/v1/doctors/${ID}`);
    expect(Object.keys(headers).filter((name) => name.startsWith("ratelimit"))).toEqual([]);
  });

  test("cannot be got round by a made-up X-Forwarded-For", async () => {
    gateway = await startTestGateway({ limits: { auth: 1 } });
    const login = async (address: string) =>
      (await gateway.send("POST", "/v1/auth/login", { headers: { "x-forwarded-for": address }, body: {} }))
        .status;
    expect([await login("1.1.1.1"), await login("2.2.2.2")]).toEqual([200, 429]);
    const warnings = gateway.logLines.filter(({ level }) => level === 40).map(({ msg }) => msg);
    expect(warnings.filter((text) => String(text).includes("TRUST_PROXY"))).toHaveLength(1);
  });

  test("counts by the address that a trusted proxy names", async () => {
    gateway = await startTestGateway({ limits: { auth: 1 }, trustProxy: 1 });
    const login = async (address: string) =>
      (await gateway.send("POST", "/v1/auth/login", { headers: { "x-forwarded-for": address }, body: {} }))
        .status;
    expect([
      await login("9.9.9.9, 1.1.1.1"),
      await login("2.2.2.2"),
      await login("8.8.8.8, 1.1.1.1"),
    ]).toEqual([200, 200, 429]);
    expect(JSON.stringify(gateway.logLines)).not.toContain("TRUST_PROXY");
  });

  test("holds for an IPv6 site as well, which has the room of eight clients", async () => {
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
});

describe("an address", () => {
  const me = (headers: Record<string, string>) => gateway.send("GET", "/v1/users/me", { headers });
  const statuses = async (count: number, headers: Record<string, string>) => {
    const answers = [];
    for (let i = 0; i < count; i++) answers.push((await me(headers)).status);
    return answers;
  };

  test("has one limit for all its accounts", async () => {
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

  test("reports each of its limits, and refuses until the last of them has reset", async () => {
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

  test("has a limit for calls without a valid token that never refuses a valid one", async () => {
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

  test("keeps its quota when junk tokens arrive", async () => {
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

const GREETINGS: Record<string, string> = {
  hello: "%0\r\n",
  setinfo: "+OK\r\n",
  info: "$19\r\nredis_version:8.0.0\r\n",
};

interface FrozenRedis {
  url: string;
  /** Resolves after a client has connected and sent a command. */
  isIn: Promise<void>;
  /** Number of requests that it was asked to count. */
  counts: () => number;
  close: () => void;
}

/** A Redis that lets clients in and then says nothing any more, as a stopped process does. */
async function frozenRedis(): Promise<FrozenRedis> {
  const sockets: Socket[] = [];
  const { promise: isIn, resolve: letIn } = Promise.withResolvers<void>();
  let counts = 0;
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    socket.on("data", (commands) => {
      if (/\nget\r/i.test(commands.toString())) letIn();

      counts += commands.toString().match(/\neval(sha)?\r/gi)?.length ?? 0;
      for (const [word] of commands.toString().matchAll(/hello|setinfo|\ninfo/gi)) {
        socket.write(GREETINGS[word.trim().toLowerCase()]!);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isIn,
    counts: () => counts,
    close,
  };
}

test("the gateway waits for a frozen Redis at most once a second, for 100 ms, and keeps the limit", async () => {
  const redis = await frozenRedis();
  gateway = await startTestGateway({ limits: { auth: 3 }, redisUrl: redis.url });
  await redis.isIn;
  const login = async () => (await gateway.send("POST", "/v1/auth/login", { body: {} })).status;
  const beganMs = performance.now();
  const statuses = [await login(), await login(), await login(), await login(), await login()];
  const seconds = Math.floor((performance.now() - beganMs) / 1000);
  redis.close();
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  expect(redis.counts()).toBeGreaterThanOrEqual(1);
  expect(redis.counts()).toBeLessThanOrEqual(1 + seconds);
  expect(REDIS_IN_REQUEST_MS).toBe(100);
});

test("an address keeps its quota when junk tokens arrive while Redis is frozen", async () => {
  const redis = await frozenRedis();
  gateway = await startTestGateway({ limits: { address: 10, anonymous: 3 }, redisUrl: redis.url });
  await redis.isIn;
  const me = async (headers: Record<string, string>) =>
    (await gateway.send("GET", "/v1/users/me", { headers })).status;
  const seen = [];
  for (let i = 0; i < 20; i++) seen.push(await me({ authorization: "Bearer x" }));
  const good = await me(await gateway.signedIn());
  redis.close();
  expect(seen).toEqual([...Array(3).fill(401), ...Array(17).fill(429)]);
  expect(good).toBe(200);
});
