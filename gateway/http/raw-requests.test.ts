import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const HOST = "host: api.test\r\n";
const CHUNKED = `${HOST}content-type: application/json\r\ntransfer-encoding: chunked\r\n`;
let gateway: TestGateway;
/**
 * A gateway with short time-outs for incomplete requests; on a busy machine, others might be too slow for it.
 */
let impatient: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ corsOrigins: ["https://app.test"] });
  impatient = await startTestGateway({
    httpLimits: { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 },
  });
});
afterAll(() => Promise.all([gateway.close(), impatient.close()]));

interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Everything that a gateway sends until it closes the connection; `text` is sent byte for byte. */
async function exchange(text: string, { port } = gateway): Promise<RawAnswer[]> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  let received = "";
  socket.on("data", (data) => {
    received += data;
  });
  socket.on("error", () => {});
  socket.write(Buffer.from(text, "latin1"));
  await closed(socket);
  return parse(received);
}

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

function parse(text: string): RawAnswer[] {
  if (text === "") return [];
  const end = text.indexOf("\r\n\r\n");
  const [line = "", ...fields] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    fields.map((field) => [field.split(":", 1)[0]!.toLowerCase(), field.slice(field.indexOf(":") + 2)]),
  );
  const bodyEnd = end + 4 + Number(headers["content-length"] ?? 0);
  const answer = { status: Number(line.split(" ")[1]), headers, body: text.slice(end + 4, bodyEnd) };
  return [answer, ...parse(text.slice(bodyEnd))];
}

/** Asks for the connection to close, for cases in which the gateway would keep it open. */
const LAST = "connection: close\r\n";

const REFUSED: [string, string, number, string][] = [
  ["a raw é in the path", `GET /v1/\xe9 HTTP/1.1\r\n${HOST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["a space in the path", `GET /v1/a b HTTP/1.1\r\n${HOST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["a relative path", `GET v1/users/me HTTP/1.1\r\n${HOST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["a fragment", `GET /v1/users/me#a HTTP/1.1\r\n${HOST}${LAST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["20 kB of headers", `GET / HTTP/1.1\r\n${HOST}a: ${"x".repeat(20_000)}\r\n\r\n`, 431, "HEADERS_TOO_LARGE"],
  ["a target of 20 kB", `GET /${"x".repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431, "HEADERS_TOO_LARGE"],
  [
    "20 kB of trailers",
    `POST /v1/auth/login HTTP/1.1\r\n${CHUNKED}\r\n0\r\na: ${"x".repeat(20_000)}\r\n\r\n`,
    431,
    "HEADERS_TOO_LARGE",
  ],
  ["an unknown method", `FOO /v1/users/me HTTP/1.1\r\n${HOST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["a method in lower case", `get /v1/users/me HTTP/1.1\r\n${HOST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "MALFORMED_REQUEST"],
  ["HTTP/2.0 in the request line", `GET / HTTP/2.0\r\n${HOST}${LAST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["HTTP/0.9", "GET /\r\n\r\n", 400, "MALFORMED_REQUEST"],
  ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "MALFORMED_REQUEST"],
  ["line feeds for line ends", "GET / HTTP/1.1\nhost: api.test\n\n", 400, "MALFORMED_REQUEST"],
  ["a header without a name", `GET / HTTP/1.1\r\n${HOST}: a\r\n\r\n`, 400, "MALFORMED_REQUEST"],
  ["a space before the colon", "GET / HTTP/1.1\r\nhost : api.test\r\n\r\n", 400, "MALFORMED_REQUEST"],
  ["a folded header", `GET / HTTP/1.1\r\n${HOST}a: b\r\n c\r\n\r\n`, 400, "MALFORMED_REQUEST"],
  ["NUL in a header", `GET / HTTP/1.1\r\n${HOST}a: \0\r\n\r\n`, 400, "MALFORMED_REQUEST"],
  ["no Host", `GET /v1/doctors HTTP/1.1\r\n${LAST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["two Hosts", `GET /v1/doctors HTTP/1.1\r\n${HOST}${HOST}${LAST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["an empty Host", `GET /v1/doctors HTTP/1.1\r\nhost: \r\n${LAST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["a Host with a path", `GET /v1/doctors HTTP/1.1\r\nhost: a/b\r\n${LAST}\r\n`, 400, "MALFORMED_REQUEST"],
  ["a Host with a user", `GET /v1/doctors HTTP/1.1\r\nhost: a@b\r\n${LAST}\r\n`, 400, "MALFORMED_REQUEST"],
  [
    "a list of Hosts",
    `GET /v1/doctors HTTP/1.1\r\nhost: a.test, b.test\r\n${LAST}\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "two Authorizations",
    `GET /v1/users/me HTTP/1.1\r\n${HOST}authorization: Bearer a\r\nauthorization: Bearer b\r\n${LAST}\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "two Content-Types",
    `POST /v1/auth/login HTTP/1.1\r\n${HOST}content-type: text/plain\r\ncontent-type: application/json\r\ncontent-length: 2\r\n${LAST}\r\n{}`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "two Idempotency-Keys",
    `POST /v1/bookings HTTP/1.1\r\n${HOST}idempotency-key: a\r\nidempotency-key: b\r\n${LAST}\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "two lengths",
    `POST /v1/auth/login HTTP/1.1\r\n${HOST}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "the same length twice",
    `POST /v1/auth/login HTTP/1.1\r\n${HOST}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "a negative length",
    `POST /v1/auth/login HTTP/1.1\r\n${HOST}content-length: -1\r\n\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "a length and chunks",
    `POST /v1/auth/login HTTP/1.1\r\n${CHUNKED}content-length: 2\r\n\r\n0\r\n\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "an invalid chunk length",
    `POST /v1/auth/login HTTP/1.1\r\n${CHUNKED}\r\nzz\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "a chunk longer than its length",
    `POST /v1/auth/login HTTP/1.1\r\n${CHUNKED}\r\n1\r\n{}\r\n0\r\n\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "20 kB beside a chunk's length",
    `POST /v1/auth/login HTTP/1.1\r\n${CHUNKED}\r\n1;${"x".repeat(20_000)}\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "a transfer coding beside chunked",
    `POST /v1/auth/login HTTP/1.1\r\n${HOST}transfer-encoding: gzip, chunked\r\n${LAST}\r\n0\r\n\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "another transfer coding",
    `POST /v1/auth/login HTTP/1.1\r\n${HOST}transfer-encoding: gzip\r\n\r\n`,
    400,
    "MALFORMED_REQUEST",
  ],
  [
    "another expectation",
    `POST /v1/auth/login HTTP/1.1\r\n${HOST}expect: a-miracle\r\ncontent-length: 2\r\n${LAST}\r\n{}`,
    417,
    "EXPECTATION_FAILED",
  ],
  [
    "a proxy's method",
    "CONNECT api.test:443 HTTP/1.1\r\nhost: api.test:443\r\n\r\n",
    405,
    "METHOD_NOT_ALLOWED",
  ],
  ["a method of WebDAV", `PROPFIND /v1/users/me HTTP/1.1\r\n${HOST}${LAST}\r\n`, 405, "METHOD_NOT_ALLOWED"],
  ["TRACE", `TRACE /v1/users/me HTTP/1.1\r\n${HOST}${LAST}\r\n`, 405, "METHOD_NOT_ALLOWED"],
  [
    "OPTIONS of an unknown route",
    `OPTIONS /v1/nothing HTTP/1.1\r\n${HOST}${LAST}\r\n`,
    404,
    "ROUTE_NOT_FOUND",
  ],
  [
    "a preflight of an unknown route",
    `OPTIONS /v1/nothing HTTP/1.1\r\n${HOST}origin: https://app.test\r\naccess-control-request-method: GET\r\n${LAST}\r\n`,
    404,
    "ROUTE_NOT_FOUND",
  ],
  [
    "an absolute target of another scheme",
    `GET ftp://api.test/v1/users/me HTTP/1.1\r\n${HOST}${LAST}\r\n`,
    404,
    "ROUTE_NOT_FOUND",
  ],
  [
    "an upgrade without a token",
    `GET /v1/users/me HTTP/1.1\r\n${HOST}connection: upgrade, close\r\nupgrade: websocket\r\n\r\n`,
    401,
    "UNAUTHENTICATED",
  ],
  ["half of the headers", `GET / HTTP/1.1\r\n${HOST}`, 408, "REQUEST_TIMEOUT"],
  [
    "half of a body",
    `POST /v1/auth/login HTTP/1.1\r\n${HOST}content-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
    408,
    "REQUEST_TIMEOUT",
  ],
  ["nothing", "", 408, "REQUEST_TIMEOUT"],
];

test.each(REFUSED)(
  "%s: one problem with a request id, and the connection is closed",
  async (_title, text, status, reason) => {
    const asked = status === 408 ? impatient : gateway;
    const answers = await exchange(text, asked);
    expect(answers).toHaveLength(1);
    const [{ headers, body, ...answer }] = answers as [RawAnswer];
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // The connection would end by itself in the end, after the time for keep-alive.
      connection: "close",
    });
    expect({ ...answer, ...JSON.parse(body) }).toMatchObject({
      status,
      reason,
      requestId: headers["x-request-id"],
    });
    const isLogged = () => asked.logLines.find((line) => line.requestId === headers["x-request-id"]);
    expect(await eventually(isLogged, (line) => line !== undefined)).toMatchObject({ status, reason });
  },
);

test("a refused HEAD request gets the headers and no body", async () => {
  const [answer] = await exchange(`HEAD /v1/users/me HTTP/1.1\r\n${HOST}${LAST}\r\n`);
  expect(answer).toMatchObject({
    status: 401,
    headers: { "content-type": "application/problem+json" },
    body: "",
  });
});

test("a complete request is answered, although garbage follows on the connection", async () => {
  const answers = await exchange(`GET /healthz HTTP/1.1\r\n${HOST}\r\nGET /\xe9 HTTP/1.1\r\n${HOST}\r\n`);
  expect(answers.map(({ status }) => status)).toEqual([200]);
});

const BEYOND = "x".repeat(400 * 1024);

test.each([
  ["with a length", `${HOST}content-length: ${BEYOND.length}\r\n\r\n${BEYOND}`],
  ["in chunks", `${CHUNKED}\r\n${BEYOND.length.toString(16)}\r\n${BEYOND}\r\n0\r\n\r\n`],
])("the request after a body over the limit, sent %s, is answered, too", async (_, body) => {
  const next = `GET /v1/nowhere HTTP/1.1\r\n${HOST}${LAST}\r\n`;
  const answers = await exchange(`POST /v1/auth/login HTTP/1.1\r\n${body}${next}`);
  expect(answers.map(({ status }) => status)).toEqual([413, 404]);
});

test("a header after 1,500 others still counts", async () => {
  const { authorization } = await gateway.signedIn();
  const more = "a:b\r\n".repeat(1500);
  const [answer] = await exchange(
    `GET /v1/users/me HTTP/1.1\r\n${HOST}${more}authorization: ${authorization}\r\n${LAST}\r\n`,
  );
  expect(answer?.status).toBe(200);
});

test("HTTP/1.0 needs no Host", async () => {
  expect((await exchange("GET /healthz HTTP/1.0\r\n\r\n"))[0]?.status).toBe(200);
});

test.each(["api.test", "api.test:8080", "127.0.0.1", "[::1]:8080", "localhost", "xn--bcher-kva.test."])(
  "the host %s is one",
  async (host) => {
    expect((await exchange(`GET /healthz HTTP/1.1\r\nhost: ${host}\r\n${LAST}\r\n`))[0]?.status).toBe(200);
  },
);

test("a client that waits for 100-continue gets it", async () => {
  const head = `POST /v1/auth/login HTTP/1.1\r\n${HOST}content-type: application/json\r\ncontent-length: 2\r\n`;
  const answers = await exchange(`${head}expect: 100-continue\r\n${LAST}\r\n{}`);
  expect(answers.map(({ status }) => status)).toEqual([100, 200]);
});

describe("OPTIONS", () => {
  test.each([
    [`/v1/doctors/${ID}`, "GET, HEAD, PATCH, OPTIONS"],
    ["/v1/auth/login", "POST, OPTIONS"],
    ["/healthz", "GET, HEAD, OPTIONS"],
    ["/openapi.json", "GET, HEAD, OPTIONS"],
    ["/docs", "GET, HEAD, OPTIONS"],
    ["/docs/init.js", "GET, HEAD, OPTIONS"],
  ])("of %s names its methods", async (path, allow) => {
    const { status, headers, text } = await gateway.send("OPTIONS", path);
    expect({ status, text, allow: headers.allow }).toEqual({ status: 204, text: "", allow });
  });
});
