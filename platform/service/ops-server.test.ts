import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { startOpsServer } from "./ops-server.ts";

let nowMs: number;
let reads: number;
let fails: boolean;
let impairment: string | undefined;
let ops: Awaited<ReturnType<typeof startOpsServer>>;

beforeEach(async () => {
  nowMs = 0;
  reads = 0;
  fails = false;
  ops = await startOpsServer({
    host: "127.0.0.1",
    port: 0,
    readMetrics: async () => {
      reads += 1;
      if (fails) throw new Error("no metrics");
      return `reads ${reads}\n`;
    },
    ready: () => true,
    impairment: () => impairment,
    clock: { now: () => new Date(nowMs) },
    actions: {
      "/act": async () => {
        if (fails) throw new Error("no");
        return { done: true };
      },
    },
  });
});
afterEach(() => ops.close());

async function scrape() {
  const response = await fetch(`http://127.0.0.1:${ops.port}/metrics`);
  return { status: response.status, text: await response.text() };
}

test("300 concurrent scrapes share one computation, and a later one gets a new one", async () => {
  const answers = await Promise.all(Array.from({ length: 300 }, scrape));
  expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["reads 1\n"]));
  nowMs = 999;
  await scrape();
  expect(reads).toBe(1);
  nowMs = 1000;
  expect((await scrape()).text).toBe("reads 2\n");
});

test("a failed scrape is answered with 503, and the next one is computed again", async () => {
  fails = true;
  expect((await scrape()).status).toBe(503);
  fails = false;
  expect(await scrape()).toEqual({ status: 200, text: "reads 2\n" });
});

test.each([
  ["gzip, deflate", "gzip"],
  ["identity", null],
])("a client that accepts %s gets the encoding %s, and the same text", async (accepted, encoding) => {
  const headers = { "accept-encoding": accepted };
  const response = await fetch(`http://127.0.0.1:${ops.port}/metrics`, { headers });
  expect(response.headers.get("content-encoding")).toBe(encoding);
  expect(await response.text()).toBe("reads 1\n");
});

test("a process with an impairment is ready, and says what does not work", async () => {
  const readiness = async () => (await fetch(`http://127.0.0.1:${ops.port}/readyz`)).text();
  expect(await readiness()).toBe("ready\n");
  impairment = "writes to MySQL fail";
  expect(await readiness()).toBe("ready, but writes to MySQL fail\n");
});

async function post(path: string, method = "POST") {
  const response = await fetch(`http://127.0.0.1:${ops.port}${path}`, { method });
  return { status: response.status, text: await response.text() };
}

test("a POST runs an action and gets its result, or its error", async () => {
  expect(await post("/act")).toEqual({ status: 200, text: '{"done":true}\n' });
  fails = true;
  expect(await post("/act")).toEqual({ status: 500, text: "no\n" });
});

test("other methods and paths run no action", async () => {
  for (const [path, method] of [
    ["/act", "GET"],
    ["/other", "POST"],
  ] as const)
    expect((await post(path, method)).status).toBe(404);
});

test("a page in a browser runs no action", async () => {
  const headers = { origin: "https://evil.example" };
  const { status } = await fetch(`http://127.0.0.1:${ops.port}/act`, { method: "POST", headers });
  expect(status).toBe(403);
});
