import { once } from "node:events";
import { get, type IncomingMessage, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { freePort } from "../stack/ports.ts";
import { exportOf } from "./testing/export-of.ts";
import { spanOf } from "./testing/span-of.ts";
import { startTraceServer } from "./trace-server.ts";

const HOSTILE = `"><script>alert('&')</script>`;
const [BOOKINGS, HOSTILE_TRACE, GROUP] = ["a", "b", "c"].map((digit) => digit.repeat(32)) as [
  string,
  string,
  string,
];
const REQUEST_ID = "01a22adf-687e-7000-8000-000000000000";
const SPANS = [
  spanOf({
    traceId: BOOKINGS,
    spanId: "01".repeat(8),
    attributes: { "http.response.status_code": "200", "medconnect.request_id": REQUEST_ID },
  }),
  spanOf({
    traceId: BOOKINGS,
    spanId: "02".repeat(8),
    parentId: "01".repeat(8),
    service: "auth",
    name: "medconnect.auth.v1.KeyService/ListKeys",
    links: [GROUP],
  }),
  spanOf({
    traceId: HOSTILE_TRACE,
    spanId: "03".repeat(8),
    name: HOSTILE,
    service: HOSTILE,
    attributes: { "error.type": HOSTILE, [HOSTILE]: HOSTILE },
  }),
];
const PROTOBUF = { "content-type": "application/x-protobuf" };

let server: Server;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  server = await startTraceServer(port);
  url = `http://127.0.0.1:${port}`;
  expect((await send(exportOf(SPANS), PROTOBUF)).status).toBe(200);
});
afterAll(() => {
  server.close().closeAllConnections();
});

const page = async (path: string, accept = "text/html") => {
  const response = await fetch(url + path, { headers: { accept } });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

const send = (body: string | Buffer, headers: Record<string, string>) =>
  fetch(`${url}/v1/traces`, { method: "POST", headers, body });

test("the list leads to each trace, and a trace has its spans", async () => {
  const list = await page("/");
  expect(list.text).toContain(`href="/${BOOKINGS}"`);
  const { status, text } = await page(`/${BOOKINGS}`);
  expect(status).toBe(200);
  expect(text).toContain("2 spans");
  expect(text).toContain("KeyService/ListKeys");
  expect(text).toContain(`href="/${GROUP}"`);
  expect(text).not.toContain("danger");
});

test("the first digits find a trace, also as JSON", async () => {
  const { text } = await page(`/${BOOKINGS.slice(0, 8)}`, "application/json");
  expect(JSON.parse(text)).toMatchObject({ name: "GET /v1/bookings", status: "200", isError: false });
});

test("the request id of an error finds its trace", async () => {
  const { text } = await page(`/${REQUEST_ID}`, "application/json");
  expect(JSON.parse(text)).toMatchObject({ id: BOOKINGS });
});

test("a search finds traces, and keeps its fields", async () => {
  const found = await page("/?route=bookings&status=2xx&minMs=1");
  expect(found.text).toContain(`href="/${BOOKINGS}"`);
  expect(found.text).not.toContain(HOSTILE_TRACE);
  expect(found.text).toContain('name="status" value="2xx"');
  expect((await page("/?status=4xx")).text).toContain("No such trace yet.");
  const json = JSON.parse((await page("/?status=2xx", "application/json")).text);
  expect(json).toMatchObject([{ id: BOOKINGS, status: "200", spans: [] }]);
});

test("an unknown id is 404, with advice", async () => {
  const problem = "No trace and no request has the id 00000000. Spans arrive within two seconds, ";
  expect(await page("/00000000")).toMatchObject({ status: 404, text: expect.stringContaining(problem) });
  expect(JSON.parse((await page("/00000000", "application/json")).text).problem).toContain(problem);
});

test("texts of spans are escaped", async () => {
  const query = encodeURIComponent(HOSTILE);
  for (const path of ["/", `/${HOSTILE_TRACE}`, `/${query}`, `/?route=${query}`, `/?status=${query}`]) {
    const { text } = await page(path);
    expect(text).toContain("&#34;&#62;&#60;script&#62;");
    expect(text).not.toContain("<script");
  }
  expect((await page(`/${HOSTILE_TRACE}`)).text).toContain("<strong>&#34;&#62;&#60;script");
});

test("pages run no scripts, and are neither framed nor kept", async () => {
  const { headers } = await page("/");
  expect(headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'self';.*frame-ancestors 'none'$/,
  );
  expect(headers.get("cache-control")).toBe("no-store");
  expect((await page("/traces.css")).headers.get("content-type")).toMatch(/^text\/css/);
});

test.each(["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "evil.example:9469"])(
  "Host %s is refused (DNS rebinding)",
  async (host) => {
    const [response] = (await once(get(url, { headers: { host } }), "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(421);
    expect(await text(response)).not.toContain("/v1/bookings");
  },
);

test.each(["localhost:9469", "[::1]:9469", "LOCALHOST"])("Host %s is served", async (host) => {
  const [response] = (await once(get(url, { headers: { host } }), "response")) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(200);
});

test("only protobuf is taken, so that a page of another site cannot send spans", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"])
    expect((await send("x", { "content-type": type })).status).toBe(415);
  const preflight = await fetch(`${url}/v1/traces`, {
    method: "OPTIONS",
    headers: { origin: "http://evil.example" },
  });
  expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
});

test("exports that cannot be read are refused, also those that are long after decompression", async () => {
  expect((await send("\x0a\xff", PROTOBUF)).status).toBe(400);
  const long = Buffer.alloc(9 * 1024 * 1024);
  expect((await send(long, PROTOBUF)).status).toBe(413);
  expect((await send(gzipSync(long), { ...PROTOBUF, "content-encoding": "gzip" })).status).toBe(413);
  expect((await page("/")).status).toBe(200);
});
