import { fork } from "node:child_process";
import { type ClientHttp2Session, type ClientHttp2Stream, constants } from "node:http2";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { describe, expect, test } from "@jest/globals";
import { HealthService } from "@medconnect/proto/grpc/health/v1/health.ts";
import { KeyServiceService } from "@medconnect/proto/medconnect/auth/v1/key_service.ts";
import { call, GrpcServerTest, MAX_CALLS, openStream } from "../testing/grpc-server-test.ts";
import { heldMemory } from "../testing/held-memory.ts";
import { CONNECTION_LIMITS } from "./connection-limits.ts";
import { Health } from "./health.ts";

const FLOOD = join(import.meta.dirname, "../testing/stream-flood.ts");
const { getJwks } = KeyServiceService;
const grpc = new GrpcServerTest();

/**
 * Calls a method with a client that sends no keepalive pings. On a busy machine, the answer to a ping may
 * take over 3 s, and a client with pings would then close the connection.
 */
function callPatiently(): Promise<void> {
  const client = new Client(grpc.address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = getJwks;
  return new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error) =>
      error ? reject(error) : resolve(),
    );
  }).finally(() => client.close());
}

const rstCode = (stream: ClientHttp2Stream) =>
  new Promise<number>((resolve) => stream.once("close", () => resolve(stream.rstCode)));

describe("a stream is closed", () => {
  test.each([
    ["without a message", getJwks.path, ""],
    ["with part of a message", getJwks.path, "\0\0\0\0\u0010half"],
  ])("%s", async (_title, path, sent) => {
    await grpc.start({ requestMs: 300 });
    const stream = openStream(grpc.newSession(), path);
    if (sent !== "") stream.write(sent);
    expect(await rstCode(stream)).toBe(constants.NGHTTP2_CANCEL);
    await call(grpc.newClient());
  });

  test("of an unknown method, at once", async () => {
    await grpc.start();
    await rstCode(openStream(grpc.newSession(), "/unknown.Service/Method"));
  });

  test("whose client does not read the answer", async () => {
    await grpc.start({ answerMs: 300 });
    const stream = openStream(grpc.newSession({ settings: { initialWindowSize: 0 } }));
    stream.end(Buffer.alloc(5));
    expect(await rstCode(stream)).toBe(constants.NGHTTP2_CANCEL);
  });
});

test("a call may take longer than the limit for sending its request", async () => {
  grpc.answerAfterMs = 1500;
  await grpc.start({ requestMs: 100 });
  await call(grpc.newClient());
});

test("one connection has at most MAX_CONCURRENT_CALLS streams", async () => {
  await grpc.start();
  const session = grpc.newSession();
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  expect(session.remoteSettings.maxConcurrentStreams).toBe(MAX_CALLS);
});

test("10,000 streams without a message displace one another, block no call and hold no memory", async () => {
  await grpc.start({}, { maxConcurrentCalls: 512 });
  await callPatiently();
  const heapBefore = heldMemory().heap;
  const flood = fork(FLOOD, [grpc.address, getJwks.path, "40", "250"]);
  let told = { refused: 0, cancelled: 0 };
  flood.on("message", (message: typeof told) => {
    told = message;
  });
  while (told.refused + told.cancelled < 10_000 - 2 * 512) await callPatiently();
  flood.kill();
  expect(told.refused).toBeGreaterThan(5_000);
  expect(heldMemory().heap - heapBefore).toBeLessThan(20 * 1024 * 1024);
}, 180_000);

test("10,000 health watches displace one another, block no call and hold no memory", async () => {
  await grpc.start({}, { maxConcurrentCalls: 512 });
  new Health([]).addTo(grpc.server.server);
  await callPatiently();
  const heapBefore = heldMemory().heap;
  const flood = fork(FLOOD, [grpc.address, HealthService.watch.path, "40", "250", "empty"]);
  let calmed = 0;
  flood.on("message", (told: { calmed: number }) => {
    calmed = told.calmed;
  });
  while (calmed < 10_000 - 2 * 512) await callPatiently();
  expect(heldMemory().heap - heapBefore).toBeLessThan(20 * 1024 * 1024);
  flood.kill();
}, 180_000);

test("complete requests beyond the limit displace no running call", async () => {
  grpc.answerAfterMs = 1000;
  await grpc.start({}, { maxConcurrentCalls: 2 });
  new Health([]).addTo(grpc.server.server);
  const running = [call(grpc.newClient()), call(grpc.newClient())];
  const watch = () => openStream(grpc.newSession(), HealthService.watch.path).end(Buffer.alloc(5));
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
  // `maxConcurrentCalls: 3` allows six open streams: twice that number.
  await grpc.start({}, { maxConcurrentCalls: 3 });
  new Health([]).addTo(grpc.server.server);
  /** Opens a health watch. @returns the code with which its stream is closed */
  const openWatch = async (session: ClientHttp2Session) => {
    const stream = openStream(session, HealthService.watch.path);
    const closed = rstCode(stream);
    await new Promise<void>((resolve) => stream.once("response", () => resolve()).end(Buffer.alloc(5)));
    return { closed };
  };
  const modest = await openWatch(grpc.newSession());
  const greedy: Promise<number>[] = [];
  for (const session of [1, 2, 3].map(() => grpc.newSession())) {
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
  // `maxConcurrentCalls: 8` allows sixteen open streams: twice that number.
  await grpc.start({}, { maxConcurrentCalls: 8 });
  new Health([]).addTo(grpc.server.server);
  for (let i = 0; i < 15; i++) {
    const stream = openStream(grpc.newSession(options), path);
    await new Promise<void>((resolve) => stream.once("response", () => resolve()).end(Buffer.alloc(5)));
  }
  const client = grpc.newClient();
  // During this call, the server sweeps its streams twice. The sweeps find that it has started the answers on
  // all other streams.
  grpc.answerAfterMs = 2500;
  await call(client);
  grpc.answerAfterMs = 0;
  const callAgainAndAgain = async () => {
    for (let i = 0; i < 50; i++) await call(client);
  };
  await Promise.all(Array.from({ length: 8 }, callAgainAndAgain));
});

/**
 * Maximum memory in bytes for incomplete requests: three times `unfinishedBytes`, because Node retains a
 * whole buffer of several frames as long as one of the frames is in use.
 */
const MAX_HELD = 3 * CONNECTION_LIMITS.unfinishedBytes;

test("400 unfinished messages of 1 MiB displace one another, block no call and hold bounded memory", async () => {
  await grpc.start({ requestMs: 120_000 }, { maxConcurrentCalls: 512 });
  await callPatiently();
  const before = heldMemory().external;
  const flood = fork(FLOOD, [grpc.address, getJwks.path, "40", "10", String(1024 * 1024)]);
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
  await grpc.start({ unfinishedBytes: 50 });
  const stream = openStream(grpc.newSession());
  const header = Buffer.from([0, 0, 0, 0, 0]);
  stream.write(header.subarray(0, 1));
  await Promise.all(Array.from({ length: 20 }, () => call(grpc.newClient())));
  const answered = rstCode(stream);
  stream.end(header.subarray(1));
  expect(await answered).toBe(constants.NGHTTP2_NO_ERROR);
});
