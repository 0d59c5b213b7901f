import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { exchange } from "../testing/raw-exchange.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const HOST = "host: api.test\r\n";
const CHUNKED = `${HOST}content-type: application/json\r\ntransfer-encoding: chunked\r\n`;
/**
 * Header that makes the gateway close the connection after its answer, so that a test can read until the end.
 */
const LAST = "connection: close\r\n";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

test("a refused HEAD request gets headers without a body", async () => {
  const [answer] = await exchange(`HEAD /v1/users/me HTTP/1.1\r\n${HOST}${LAST}\r\n`, gateway);
  expect(answer).toMatchObject({
    status: 401,
    headers: { "content-type": "application/problem+json" },
    body: "",
  });
});

test("a complete request is answered, even if invalid bytes follow on the connection", async () => {
  const answers = await exchange(
    `GET /healthz HTTP/1.1\r\n${HOST}\r\nGET /\xe9 HTTP/1.1\r\n${HOST}\r\n`,
    gateway,
  );
  expect(answers.map(({ status }) => status)).toEqual([200]);
});

const BEYOND = "x".repeat(400 * 1024);

test.each([
  ["with a length", `${HOST}content-length: ${BEYOND.length}\r\n\r\n${BEYOND}`],
  ["in chunks", `${CHUNKED}\r\n${BEYOND.length.toString(16)}\r\n${BEYOND}\r\n0\r\n\r\n`],
])("the request after a body beyond the limit, sent %s, is answered as well", async (_, body) => {
  const next = `GET /v1/nowhere HTTP/1.1\r\n${HOST}${LAST}\r\n`;
  const answers = await exchange(`POST /v1/auth/login HTTP/1.1\r\n${body}${next}`, gateway);
  expect(answers.map(({ status }) => status)).toEqual([413, 404]);
});

test("a header after 1,500 others is read", async () => {
  const { authorization } = await gateway.signedIn();
  const more = "a:b\r\n".repeat(1500);
  const [answer] = await exchange(
    `GET /v1/users/me HTTP/1.1\r\n${HOST}${more}authorization: ${authorization}\r\n${LAST}\r\n`,
    gateway,
  );
  expect(answer?.status).toBe(200);
});

test("HTTP/1.0 needs no Host", async () => {
  expect((await exchange("GET /healthz HTTP/1.0\r\n\r\n", gateway))[0]?.status).toBe(200);
});

test.each(["api.test", "api.test:8080", "127.0.0.1", "[::1]:8080", "localhost", "xn--bcher-kva.test."])(
  "the host %s is valid",
  async (host) => {
    expect(
      (await exchange(`GET /healthz HTTP/1.1\r\nhost: ${host}\r\n${LAST}\r\n`, gateway))[0]?.status,
    ).toBe(200);
  },
);

test("a client that waits for 100-continue gets it", async () => {
  const head = `POST /v1/auth/login HTTP/1.1\r\n${HOST}content-type: application/json\r\ncontent-length: 2\r\n`;
  const answers = await exchange(`${head}expect: 100-continue\r\n${LAST}\r\n{}`, gateway);
  expect(answers.map(({ status }) => status)).toEqual([100, 200]);
});

describe("OPTIONS", () => {
  test.each([
    [`/v1/doctors/${ID}`, "GET, HEAD, PATCH, OPTIONS"],
    ["/v1/auth/login", "POST, OPTIONS"],
    ["/healthz", "GET, HEAD, OPTIONS"],
    ["/openapi.json", "GET, HEAD, OPTIONS"],
    ["/docs", "GET, HEAD, OPTIONS"],
    ["/docs/reference.js", "GET, HEAD, OPTIONS"],
  ])("of %s lists its methods", async (path, allow) => {
    const { status, headers, text } = await gateway.send("OPTIONS", path);
    expect({ status, text, allow: headers.allow }).toEqual({ status: 204, text: "", allow });
  });
});
