import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { REDIS_IN_REQUEST_MS } from "@medconnect/platform/network/redis.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

let gateway: TestGateway;
afterEach(() => gateway?.close());

const GREETINGS: Record<string, string> = {
  hello: "%0\r\n",
  setinfo: "+OK\r\n",
  info: "$19\r\nredis_version:8.0.0\r\n",
};

interface FrozenRedis {
  url: string;
  /** Resolves when a client has connected and sent a command. */
  isIn: Promise<void>;
  /** Number of commands received so far that count a client's request. */
  counts: () => number;
  close: () => void;
}

/** A Redis that accepts connections but never answers, like a suspended process. */
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

test("an address keeps its quota when invalid tokens arrive while Redis is frozen", async () => {
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
