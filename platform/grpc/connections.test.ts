import type { ClientHttp2Session, SecureClientSessionOptions } from "node:http2";
import { connect as connectTcp } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { Authority } from "@medconnect/ops/certificates/authority.ts";
import { eventually } from "../../test/support/eventually.ts";
import type { ApiError } from "../errors/api-error.ts";
import { call, GrpcServerTest, openStream } from "../testing/grpc-server-test.ts";
import { MutualTls } from "../tls/mutual-tls.ts";
import type { GrpcClient } from "./client.ts";
import { CONNECTION_LIMITS } from "./connection-limits.ts";

const grpc = new GrpcServerTest();
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** All but the timers of grpc-js, which are set by setTimeout. */
const NOT_FAKED = [
  "Date",
  "hrtime",
  "nextTick",
  "performance",
  "queueMicrotask",
  "setImmediate",
  "clearImmediate",
  "setInterval",
  "clearInterval",
] as const;

describe("a connection", () => {
  test("is closed when idle, and its client's next call opens another", async () => {
    await grpc.start({ idleMs: 200 });
    const session = grpc.newSession();
    const closed = new Promise((resolve) => session.once("close", resolve));
    const client = grpc.newClient();
    await call(client);
    await closed;
    await call(client);
  });

  test("ends after its grace, even with open streams", async () => {
    await grpc.start({ ageMs: 200, graceMs: 200 });
    const session = grpc.newSession();
    openStream(session);
    await new Promise((resolve) => session.once("close", resolve));
  });

  test("that ends by its age answers the calls that run", async () => {
    // Without the jitter of 10 %, the age is 27 s. All limits are those of production.
    jest.spyOn(Math, "random").mockReturnValue(0);
    jest.useFakeTimers({ doNotFake: [...NOT_FAKED] });
    grpc.answerAfterMs = 300;
    await grpc.start();
    const session = grpc.newSession();
    const ended = new Promise((resolve) => session.once("goaway", resolve));
    const stream = openStream(session);
    const trailers = new Promise<Record<string, unknown>>((resolve) => {
      stream.once("trailers", resolve).once("close", () => resolve({}));
    });
    await new Promise((resolve) => stream.end(Buffer.alloc(5), () => resolve(undefined)));
    await delay(100);
    jest.advanceTimersByTime(CONNECTION_LIMITS.ageMs + CONNECTION_LIMITS.graceMs / 2);
    await ended;
    expect(await trailers).toMatchObject({ "grpc-status": "0" });
  });

  test.each([
    ["of a short age", { ageMs: 600, graceMs: 5000 }, 20, 0],
    ["with pauses as long as their age", { ageMs: 200, graceMs: 5000 }, 20, 200],
    ["with pauses as long as the idle limit", { idleMs: 200 }, 20, 200],
  ])("%s fails no call", async (_title, limits, callers, pauseMs) => {
    grpc.answerAfterMs = 5;
    await grpc.start(limits);
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
    const shared = grpc.newClient();
    await Promise.all(
      Array.from({ length: callers }, () => caller(pauseMs === 0 ? shared : grpc.newClient())),
    );
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
    await grpc.start({}, { maxPeerConnections: 3 });
    const taken = [grpc.newSession(), grpc.newSession(), grpc.newSession()];
    expect(await Promise.all(taken.map(connected))).toEqual([true, true, true]);
    const refused = await Promise.all([grpc.newSession(), grpc.newSession()].map(connected));
    expect(refused).toEqual([false, false]);
    expect(taken.map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
    expect(grpc.logLines).toMatchObject([{ peer: "127.0.0.1", refused: 1, max: 3 }]);

    taken[0]!.close();
    await eventually(
      () => connected(grpc.newSession()),
      (isTaken) => isTaken,
    );
  });

  test("do not affect another grpc.address", async () => {
    await grpc.start({}, { maxPeerConnections: 1 });
    await connected(grpc.newSession());
    const other = { localAddress: "127.0.0.2" } as SecureClientSessionOptions;
    expect(await connected(grpc.newSession(other))).toBe(true);
  });

  test("count over TLS from before the handshake until they close", async () => {
    const soon = new Date(Date.now() + 3_600_000);
    const ca = await Authority.create("CA", soon);
    const subject = { name: "auth", altNames: ["auth"], notAfter: soon };
    const tls = new MutualTls({ ...(await ca.issue({ ...subject, usage: "server" })), ca: ca.pair.cert });
    await grpc.start({}, { maxPeerConnections: 1, tls });
    const callOverTls = async () => {
      return await call(grpc.newClient({ tls, serverName: "auth" })).then(
        () => "answered",
        ({ reason }: ApiError) => reason,
      );
    };
    const silent = connectTcp(Number(grpc.address.split(":")[1]), "127.0.0.1");
    await new Promise((resolve) => silent.once("connect", resolve));
    expect(await callOverTls()).toBe("UNAVAILABLE");
    silent.destroy();
    for (let i = 0; i < 3; i++) {
      const answer = await eventually(callOverTls, (reason) => reason === "answered");
      expect(answer).toBe("answered");
      grpc.closeClients();
    }
  });

  test("are unlimited with 0", async () => {
    await grpc.start();
    const many = Array.from({ length: 20 }, () => connected(grpc.newSession()));
    expect(await Promise.all(many)).not.toContain(false);
  });
});
