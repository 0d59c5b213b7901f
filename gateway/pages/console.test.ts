import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CONSOLE_PATHS, consoleUrl } from "@medconnect/console/paths.ts";
import { startTestGateway, type TestGateway, TRACE_URL } from "../testing/test-gateway.ts";

const PATHS = ["/console/", ...CONSOLE_PATHS.map(consoleUrl)];

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

/** Paths of the files that the page loads. */
async function filesOf(): Promise<string[]> {
  const { text } = await gateway.send("GET", "/console");
  return [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path = ""]) => path);
}

test.each(PATHS)("%s is the page of the console, which browsers ask for each time", async (path) => {
  const { status, headers, text } = await gateway.send("GET", path);
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "cache-control": "public, max-age=0",
  });
  const again = await gateway.send("GET", path, { headers: { "if-none-match": String(headers.etag) } });
  expect(again).toMatchObject({ status: 304, text: "" });
  expect(text).not.toMatch(/<style|<script(?![^>]*src=)|\s(on\w+|style)=/);
});

test("the page loads only files of this host, which browsers keep", async () => {
  const files = await filesOf();
  expect(files).toHaveLength(3);
  for (const path of files.filter((file) => file.startsWith("/console/"))) {
    const { status, headers } = await gateway.send("GET", path);
    expect([status, headers["cache-control"]]).toEqual([200, "public, max-age=31536000, immutable"]);
  }
});

test("the page may load nothing from other hosts, and nobody may frame it", async () => {
  const { headers } = await gateway.send("GET", "/console");
  const policy = String(headers["content-security-policy"]);
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
});

test("the page has the URL of traces, escaped", async () => {
  const { text } = await gateway.send("GET", "/console");
  expect(text).toContain(`data-trace-url="${TRACE_URL.replace("&", "&amp;")}"`);
});

test("CONSOLE=off removes the console", async () => {
  const plain = await startTestGateway({ console: undefined });
  for (const path of [...PATHS, ...(await filesOf()).filter((file) => file.startsWith("/console/"))])
    expect([path, (await plain.send("GET", path)).status]).toEqual([path, 404]);
  await plain.close();
});
