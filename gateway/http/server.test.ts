import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PeerConnections } from "@medconnect/platform/network/peer-connections.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import pino from "pino";
import { startTestGateway } from "../testing/test-gateway.ts";
import { errorAnswers } from "./error-answer.ts";
import { HttpServer, LIMITS } from "./server.ts";

const errorAnswerOf = errorAnswers("https://api.example.org");
const log = pino({ level: "silent" });

test("a client has 16 KiB and 10 s for its headers, and 30 s for its request", () => {
  expect(LIMITS).toMatchObject({ maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 30_000 });
});

/** Limits of production, but with shorter time-outs, to keep the tests fast. */
const IMPATIENT = { ...LIMITS, headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 };

describe("a client that exceeds a limit is disconnected:", () => {
  const server = new HttpServer({
    listener: (request, response) => {
      request.resume().on("end", () => response.end("ok"));
    },
    answerMs: 0,
    countRefused: async () => {},
    peers: new PeerConnections(0, log),
    log,
    errorAnswerOf,
    limits: IMPATIENT,
  });
  let port: number;

  beforeAll(async () => {
    port = await server.listen("127.0.0.1", 0);
  });
  afterAll(() => server.drain(0));

  /** Sends `first`, and then `endless` repeatedly. Returns the answer when the connection is closed. */
  async function trickle(first: string, endless: string): Promise<string> {
    const socket = connect(port, "127.0.0.1").setEncoding("utf8");
    let received = "";
    socket.on("data", (text) => {
      received += text;
    });
    // Writing to a closed connection emits an error, which is expected here.
    socket.on("error", () => {});
    socket.write(first);
    const timer = setInterval(() => socket.writable && socket.write(endless), 40);
    await closed(socket);
    clearInterval(timer);
    return received;
  }

  test("slow headers", async () => {
    expect(await trickle("GET / HTTP/1.1\r\nhost: x\r\n", "a: b\r\n")).toMatch(/^HTTP\/1.1 408 /);
  });

  test("a slow body", async () => {
    const headers = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n";
    expect(await trickle(headers, "x")).toMatch(/^HTTP\/1.1 408 /);
  });

  test("large headers", async () => {
    const headers = `GET / HTTP/1.1\r\nhost: x\r\nx-large: ${"x".repeat(16 * 1024)}\r\n\r\n`;
    expect(await trickle(headers, "")).toMatch(/^HTTP\/1.1 431 /);
  });
});

describe("a client that does not read its answer", () => {
  let answer: (response: ServerResponse) => void;
  let connection: Socket;
  const stallTimeout = 100;
  const serverFor = (answerMs: number) =>
    new HttpServer({
      listener: (request, response) => {
        connection = request.socket;
        answer(response);
      },
      answerMs,
      countRefused: async () => {},
      peers: new PeerConnections(0, log),
      log,
      errorAnswerOf,
      limits: { ...IMPATIENT, stallTimeout },
    });
  const impatient = serverFor(0);
  const patient = serverFor(60_000);
  afterAll(() => Promise.all([impatient.drain(0), patient.drain(0)]));

  const ask = async (server: HttpServer) => {
    const port = await server.listen("127.0.0.1", 0);
    const socket = connect(port, "127.0.0.1").setEncoding("utf8");
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    return socket;
  };

  test("is disconnected", async () => {
    const cutOff = new Promise<boolean>((resolve) => {
      answer = (response) => {
        response.once("close", () => resolve(!response.writableFinished));
        response.end(Buffer.alloc(64 * 1024 * 1024));
      };
    });
    const client = await ask(impatient);
    expect(await cutOff).toBe(true);
    client.destroy();
  });

  test("may wait for an answer until its deadline, and keep the connection open afterwards", async () => {
    // Delays the answer in real time, because the timeouts of sockets follow Node's own clock.
    answer = (response) => setTimeout(() => response.end("late"), 3 * stallTimeout);
    const client = await ask(patient);
    const [received] = await once(client, "data");
    expect(received).toMatch(/^HTTP\/1.1 200 /);
    expect(connection.timeout).toBeGreaterThanOrEqual(LIMITS.keepAliveTimeout);
    client.destroy();
  });
});

describe("open connections of one address", () => {
  /** Asks for /healthz. @returns the status line; "" if the connection was closed without an answer */
  const ask = async (port: number, sockets: Socket[]) => {
    const socket = connect(port, "127.0.0.1").setEncoding("utf8");
    sockets.push(socket.on("error", () => {}));
    socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    const [received] = await Promise.race([once(socket, "data"), closed(socket).then(() => [""])]);
    return String(received).slice(0, 12);
  };

  test.each([
    ["are limited", 0, ["HTTP/1.1 200", "HTTP/1.1 200", ""]],
    ["are unlimited for a trusted proxy", 1, ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 200"]],
  ])("%s", async (_, trustProxy, expected) => {
    const { port, close } = await startTestGateway({ connections: 2, trustProxy });
    const sockets: Socket[] = [];
    const answers: string[] = [];
    for (let i = 0; i < 3; i++) answers.push(await ask(port, sockets));
    expect(answers).toEqual(expected);
    sockets[0]!.destroy();
    expect(
      await eventually(
        () => ask(port, sockets),
        (answer) => answer !== "",
      ),
    ).toBe("HTTP/1.1 200");
    for (const socket of sockets) socket.destroy();
    await close();
  });
});

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));
