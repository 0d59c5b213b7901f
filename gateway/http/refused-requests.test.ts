import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { exchange, type RawAnswer } from "../testing/raw-exchange.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const HOST = "host: api.test\r\n";
const CHUNKED = `${HOST}content-type: application/json\r\ntransfer-encoding: chunked\r\n`;
/**
 * Header that makes the gateway close the connection after its answer, so that a test can read until the end.
 */
const LAST = "connection: close\r\n";

let gateway: TestGateway;
/**
 * Gateway with short time-outs. Tests send it only incomplete requests, because on a busy machine a complete
 * request might take longer than these time-outs.
 */
let impatient: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ corsOrigins: ["https://app.test"] });
  impatient = await startTestGateway({
    httpLimits: { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 },
  });
});
afterAll(() => Promise.all([gateway.close(), impatient.close()]));

const REFUSED: [string, string, number, string][] = [
  ["TLS, for https://", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "MALFORMED_REQUEST"],
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
];

test("a connection that sends nothing is closed without an answer or a log line", async () => {
  const from = impatient.logLines.length;
  expect(await exchange("", impatient)).toEqual([]);
  expect(impatient.logLines.slice(from)).toEqual([]);
});

test.each(REFUSED)(
  "%s: the answer is one problem with a request id, and the connection closes",
  async (_title, text, status, reason) => {
    const server = status === 408 ? impatient : gateway;
    const answers = await exchange(text, server);
    expect(answers).toHaveLength(1);
    const [{ headers, body, ...answer }] = answers as [RawAnswer];
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // Without this header, the connection would close only after the keep-alive time.
      connection: "close",
    });
    expect({ ...answer, ...JSON.parse(body) }).toMatchObject({
      status,
      reason,
      requestId: headers["x-request-id"],
    });
    const isLogged = () => server.logLines.find((line) => line.requestId === headers["x-request-id"]);
    expect(await eventually(isLogged, (line) => line !== undefined)).toMatchObject({ status, reason });
  },
);
