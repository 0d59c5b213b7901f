import { fork } from "node:child_process";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type SecureClientSessionOptions,
} from "node:http2";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client, credentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "@jest/globals";
import { Authority } from "@medconnect/ops/certificates/authority.ts";
import { HealthService } from "@medconnect/proto/grpc/health/v1/health.ts";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import pino from "pino";
import { eventually } from "../../test/support/eventually.ts";
import type { ApiError } from "../errors/api-error.ts";
import { heldMemory } from "../testing/held-memory.ts";
import { MutualTls } from "../tls/mutual-tls.ts";
import { GrpcClient, within } from "./client.ts";
import { CONNECTION_LIMITS, type ConnectionLimits } from "./connection-limits.ts";
import { Health } from "./health.ts";
import { GrpcServer, type ServerOptions } from "./server.ts";

const MAX_CALLS = 50;
const FLOOD = join(import.meta.dirname, "../testing/stream-flood.ts");
const { getJwks } = KeyServiceService;
let server: GrpcServer;
let address: string;
let answerAfterMs = 0;
const sessions: ClientHttp2Session[] = [];
const clients: GrpcClient[] = [];
const logLines: Record<string, unknown>[] = [];

afterEach(async () => {
  logLines.length = 0;
  answerAfterMs = 0;
  for (const session of sessions.splice(0)) session.destroy();
  for (const client of clients.splice(0)) client.close();
  await server.drain(0);
});

async function start(
  limits: Partial<ConnectionLimits> = {},
  options: Partial<ServerOptions> = {},
): Promise<void> {
  server = new GrpcServer({
    identity: {} as never,
    log: pino({ level: "warn" }, { write: (line) => logLines.push(JSON.parse(line)) }),
    tls: undefined,
    traceRatio: 0,
    credentialLimit: 0,
    reauthenticationMs: 0,
    maxConcurrentCalls: MAX_CALLS,
    maxCallerCalls: 0,
    maxPeerConnections: 0,
    connections: { ...CONNECTION_LIMITS, ...limits },
    onDenied: () => undefined,
    ...options,
  });
  server.serve(KeyServiceService, undefined, {
    getJwks: async () => {
      await delay(answerAfterMs);
      return { keys: [] };
    },
    listRevocations: async () => ({ revocations: [], nextSessionId: "" }),
  });
  address = `127.0.0.1:${await server.listen("127.0.0.1", 0)}`;
}

function newClient(): GrpcClient {
  const client = new GrpcClient(address);
  clients.push(client);
  return client;
}

const call = (client: GrpcClient) => client.call(getJwks, {}, { deadline: within(5000) });

/** Calls without our keepalive, because a turn of this process's event loop may take over 3 s on a busy machine. */
function callPatiently(): Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = getJwks;
  return new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error) =>
      error ? reject(error) : resolve(),
    );
  }).finally(() => client.close());
}

/** An HTTP/2 connection without a gRPC client. */
function newSession(options: SecureClientSessionOptions = {}): ClientHttp2Session {
  const session = connect(`http://${address}`, options);
  session.on("error", () => {});
  sessions.push(session);
  return session;
}

/** Opens a stream and sends its headers only. */
function openStream(session: ClientHttp2Session, path: string = getJwks.path): ClientHttp2Stream {
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers, { endStream: false });
  return stream.on("error", () => {}).resume();
}

const rstCode = (stream: ClientHttp2Stream) =>
  new Promise<number>((resolve) => stream.once("close", () => resolve(stream.rstCode)));

describe("a stream is closed", () => {
  test.each([
    ["without a message", getJwks.path, ""],
    ["with part of a message", getJwks.path, "\0\0\0\0\u0010half"],
  ])("%s", async (_title, path, sent) => {
    await start({ requestMs: 300 });
    const stream = openStream(newSession(), path);
    if (sent !== "") stream.write(sent);
    expect(await rstCode(stream)).toBe(constants.NGHTTP2_CANCEL);
    await call(newClient());
  });

  test("of an unknown method, at once", async () => {
    await start();
    await rstCode(openStream(newSession(), "/unknown.Service/Method"));
  });

  test("whose client does not read the answer", async () => {
    await start({ answerMs: 300 });
    const session = connect(`http://${address}`, { settings: { initialWindowSize: 0 } });
    sessions.push(session.on("error", () => {}));
    const stream = openStream(session);
    stream.end(Buffer.alloc(5));
    expect(await rstCode(stream)).toBe(constants.NGHTTP2_CANCEL);
  });
});

test("a call may take longer than the limit for sending its request", async () => {
  answerAfterMs = 1500;
  await start({ requestMs: 100 });
  await call(newClient());
});

test("one connection has at most MAX_CONCURRENT_CALLS streams", async () => {
  await start();
  const session = newSession();
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  expect(session.remoteSettings.maxConcurrentStreams).toBe(MAX_CALLS);
});

test("20,000 streams without a message displace one another, block no call and hold no memory", async () => {
  await start({}, { maxConcurrentCalls: 512 });
  await callPatiently();
  const heapBefore = heldMemory().heap;
  const flood = fork(FLOOD, [address, getJwks.path, "40", "500"]);
  let told = { refused: 0, cancelled: 0 };
  flood.on("message", (message: typeof told) => {
    told = message;
  });
  while (told.refused + told.cancelled < 20_000 - 2 * 512) await callPatiently();
  flood.kill();
  expect(told.refused).toBeGreaterThan(10_000);
  expect(heldMemory().heap - heapBefore).toBeLessThan(30 * 1024 * 1024);
}, 180_000);

test("20,000 health watches displace one another, block no call and hold no memory", async () => {
  await start({}, { maxConcurrentCalls: 512 });
  new Health().addTo(server.server);
  await callPatiently();
  const heapBefore = heldMemory().heap;
  const flood = fork(FLOOD, [address, HealthService.watch.path, "40", "500", "empty"]);
  let calmed = 0;
  flood.on("message", (told: { calmed: number }) => {
    calmed = told.calmed;
  });
  await eventually(
    async () => {
      await callPatiently();
      return calmed;
    },
    (closed) => closed >= 20_000 - 2 * 512,
    60_000,
  );
  expect(heldMemory().heap - heapBefore).toBeLessThan(30 * 1024 * 1024);
  flood.kill();
}, 180_000);

test("complete requests beyond the limit displace no running call", async () => {
  answerAfterMs = 1000;
  await start({}, { maxConcurrentCalls: 2 });
  new Health().addTo(server.server);
  const running = [call(newClient()), call(newClient())];
  const watch = () => openStream(newSession(), HealthService.watch.path).end(Buffer.alloc(5));
  const watched = (stream: ClientHttp2Stream) =>
    new Promise<void>((resolve) => stream.once("data", () => resolve()));
  const first = watch();
  const displaced = rstCode(first);
  await watched(first);
  for (let i = 0; i < 4; i++) await watched(watch());
  expect(await displaced).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await Promise.all(running);
});

test("a connection within its share of watches keeps them, however many others have", async () => {
  // At most six streams are open at once.
  await start({}, { maxConcurrentCalls: 3 });
  new Health().addTo(server.server);
  /** @returns the code with which the stream is closed */
  const openWatch = async (session: ClientHttp2Session) => {
    const stream = openStream(session, HealthService.watch.path);
    const closed = rstCode(stream);
    await new Promise<void>((resolve) => stream.once("response", () => resolve()).end(Buffer.alloc(5)));
    return { closed };
  };
  const modest = await openWatch(newSession());
  const greedy: Promise<number>[] = [];
  for (const session of [1, 2, 3].map(() => newSession())) {
    for (let i = 0; i < 3; i++) greedy.push((await openWatch(session)).closed);
  }
  const displaced = [0, 1, 3, 4].map((i) => greedy[i]);
  expect(await Promise.all(displaced)).toEqual(Array(4).fill(constants.NGHTTP2_ENHANCE_YOUR_CALM));
  expect(await Promise.race([modest.closed, "kept"])).toBe("kept");
});

test.each([
  ["watches", HealthService.watch.path, {}],
  ["unread answers", getJwks.path, { settings: { initialWindowSize: 0 } }],
])("many connections with few %s each interrupt no answer that is read", async (_title, path, options) => {
  // At most sixteen streams are open at once.
  await start({}, { maxConcurrentCalls: 8 });
  new Health().addTo(server.server);
  for (let i = 0; i < 15; i++) {
    const stream = openStream(newSession(options), path);
    await new Promise<void>((resolve) => stream.once("response", () => resolve()).end(Buffer.alloc(5)));
  }
  const client = newClient();
  // Long enough for two sweeps, which find the other answers started.
  answerAfterMs = 2500;
  await call(client);
  answerAfterMs = 0;
  const callAgainAndAgain = async () => {
    for (let i = 0; i < 50; i++) await call(client);
  };
  await Promise.all(Array.from({ length: 8 }, callAgainAndAgain));
});

/** Three times the bound, because Node reads several frames into one buffer, which stays while one of them is held. */
const MAX_HELD = 3 * CONNECTION_LIMITS.unfinishedBytes;

test("400 unfinished messages of 1 MiB displace one another, block no call and hold bounded memory", async () => {
  await start({ requestMs: 120_000 }, { maxConcurrentCalls: 512 });
  await callPatiently();
  const before = heldMemory().external;
  const flood = fork(FLOOD, [address, getJwks.path, "40", "10", String(1024 * 1024)]);
  let refused = 0;
  flood.on("message", (told: { refused: number }) => {
    refused = told.refused;
  });
  while (refused < 400 - 80 && process.memoryUsage().external - before < 2 * MAX_HELD) await callPatiently();
  const held = heldMemory().external - before;
  flood.kill();
  expect(held).toBeGreaterThan(32 * 1024 * 1024);
  expect(held).toBeLessThan(MAX_HELD);
}, 180_000);

test("complete requests displace no incomplete one", async () => {
  await start({ unfinishedBytes: 50 });
  const stream = openStream(newSession());
  const header = Buffer.from([0, 0, 0, 0, 0]);
  stream.write(header.subarray(0, 1));
  await Promise.all(Array.from({ length: 20 }, () => call(newClient())));
  const answered = rstCode(stream);
  stream.end(header.subarray(1));
  expect(await answered).toBe(constants.NGHTTP2_NO_ERROR);
});

describe("a connection", () => {
  test("is closed when idle, and its client's next call opens another", async () => {
    await start({ idleMs: 200 });
    const session = newSession();
    const client = newClient();
    await call(client);
    await new Promise((resolve) => session.once("close", resolve));
    await call(client);
  });

  test("ends after its grace, even with open streams", async () => {
    await start({ ageMs: 200, graceMs: 200 });
    const session = newSession();
    openStream(session);
    await new Promise((resolve) => session.once("close", resolve));
  });

  test.each([
    ["of a short age", { ageMs: 600, graceMs: 5000 }, 20, 0],
    ["with pauses as long as their age", { ageMs: 200, graceMs: 5000 }, 20, 200],
    ["with pauses as long as the idle limit", { idleMs: 200 }, 20, 200],
  ])("%s fails no call", async (_title, limits, callers, pauseMs) => {
    answerAfterMs = 5;
    await start(limits);
    const failures: unknown[] = [];
    let calls = 0;
    const until = Date.now() + 4000;
    const caller = async (client: GrpcClient) => {
      while (Date.now() < until) {
        await call(client).catch((error: Error) => failures.push(error.cause));
        calls += 1;
        await delay(pauseMs * (0.9 + Math.random() / 5));
      }
    };
    const shared = newClient();
    await Promise.all(Array.from({ length: callers }, () => caller(pauseMs === 0 ? shared : newClient())));
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(50);
  });
});

describe("the connections of one peer", () => {
  const connected = (session: ClientHttp2Session) =>
    new Promise<boolean>((resolve) => {
      session.once("remoteSettings", () => resolve(true));
      session.once("close", () => resolve(false));
    });

  test("are closed beyond the limit, until another one has ended", async () => {
    await start({}, { maxPeerConnections: 3 });
    const taken = [newSession(), newSession(), newSession()];
    expect(await Promise.all(taken.map(connected))).toEqual([true, true, true]);
    const refused = await Promise.all([newSession(), newSession()].map(connected));
    expect(refused).toEqual([false, false]);
    expect(taken.map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
    expect(logLines).toMatchObject([{ peer: "127.0.0.1", refused: 1, max: 3 }]);

    taken[0]!.close();
    await eventually(
      () => connected(newSession()),
      (isTaken) => isTaken,
    );
  });

  test("do not affect another address", async () => {
    await start({}, { maxPeerConnections: 1 });
    await connected(newSession());
    const other = connect(`http://${address}`, { localAddress: "127.0.0.2" } as SecureClientSessionOptions);
    sessions.push(other.on("error", () => {}));
    expect(await connected(other)).toBe(true);
  });

  test("count over TLS from before the handshake until they close", async () => {
    const soon = new Date(Date.now() + 3_600_000);
    const ca = await Authority.create("CA", soon);
    const subject = { name: "auth", altNames: ["auth"], notAfter: soon };
    const tls = new MutualTls({ ...(await ca.issue({ ...subject, usage: "server" })), ca: ca.pair.cert });
    await start({}, { maxPeerConnections: 1, tls });
    const callOverTls = async () => {
      const client = new GrpcClient(address, { tls, serverName: "auth" });
      clients.push(client);
      return await call(client).then(
        () => "answered",
        ({ reason }: ApiError) => reason,
      );
    };
    const silent = connectTcp(Number(address.split(":")[1]), "127.0.0.1");
    await new Promise((resolve) => silent.once("connect", resolve));
    expect(await callOverTls()).toBe("UNAVAILABLE");
    silent.destroy();
    for (let i = 0; i < 3; i++) {
      const answer = await eventually(callOverTls, (reason) => reason === "answered");
      expect(answer).toBe("answered");
      for (const client of clients.splice(0)) client.close();
    }
  });

  test("are unlimited with 0", async () => {
    await start();
    const many = Array.from({ length: 20 }, () => connected(newSession()));
    expect(await Promise.all(many)).not.toContain(false);
  });
});
