import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { eventually } from "../test/support/eventually.ts";
import { StubServices } from "./testing/stub-services.ts";

const ID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const stubs = new StubServices();
const started: ChildProcess[] = [];
let address: string;

beforeAll(async () => {
  address = await stubs.listen();
});
afterEach(() => {
  for (const gateway of started.splice(0)) gateway.kill("SIGKILL");
});
afterAll(() => stubs.close());

/** Starts the gateway as a separate process, as in production. */
function start(settings: Record<string, string>): ChildProcess {
  const env = {
    ...COMPILE_CACHE,
    INTERNAL_KEY: Buffer.alloc(32).toString("base64"),
    AUTH_ADDRESS: address,
    SCHEDULING_ADDRESS: address,
    CLINICAL_ADDRESS: address,
    BILLING_ADDRESS: address,
    REDIS_URL: "redis://127.0.0.1:1",
    PORT: "0",
    DRAIN_DELAY: "200ms",
    ...settings,
  };
  const gateway = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], { env });
  started.push(gateway);
  return gateway;
}

/** Reads the port from the log. Resolves when the gateway listens. */
async function portOf(gateway: ChildProcess): Promise<number> {
  for await (const chunk of gateway.stdout!) {
    const port = /"port":(\d+)/.exec(String(chunk))?.[1];
    if (port) return Number(port);
  }
  throw new Error("the gateway did not start");
}

function request(
  port: number,
  path: string,
  options: { agent?: Agent; headers?: Record<string, string> } = {},
) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, path, ...options }, resolve).on("error", reject);
  });
}

test("after SIGTERM it becomes unready, finishes running requests and exits with 0", async () => {
  const gateway = start({});
  const port = await portOf(gateway);
  const called = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<JsonObject>();
  stubs.stubs.set("GetDoctor", async () => {
    called.resolve();
    return await answered.promise;
  });
  const keepAlive = new Agent({ keepAlive: true });
  await text(await request(port, "/healthz", { agent: keepAlive }));
  const running = request(port, `/v1/doctors/${ID}`);
  await called.promise;
  gateway.kill("SIGTERM");
  const readiness = async () => {
    const { statusCode, headers } = await request(port, "/readyz");
    return [statusCode, headers.connection];
  };
  expect(await eventually(readiness, ([status]) => status === 503)).toEqual([503, "close"]);
  answered.resolve({ id: ID });
  const answer = await running;
  expect([answer.statusCode, JSON.parse(await text(answer)).id]).toEqual([200, ID]);
  expect(await once(gateway, "exit")).toEqual([0, null]);
  await expect(request(port, "/healthz")).rejects.toThrow("ECONNREFUSED");
  keepAlive.destroy();
});

test("a port in use gives one clear line and exit code 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const gateway = start({ PORT: String((other.address() as { port: number }).port) });
  const [output, [code]] = await Promise.all([text(gateway.stderr!), once(gateway, "exit")]);
  other.close();
  expect([output, code]).toEqual(["gateway cannot start: its port is in use\n", 1]);
});

test("an invalid setting gives one clear line and exit code 1", async () => {
  const gateway = start({ RATE_LIMIT_READ: "many" });
  const [output, [code]] = await Promise.all([text(gateway.stderr!), once(gateway, "exit")]);
  expect(output).toMatch(/^RATE_LIMIT_READ .*\n$/);
  expect(code).toBe(1);
});

test("headers beyond 16 KiB are refused", async () => {
  const port = await portOf(start({}));
  const answer = await request(port, "/healthz", { headers: { "x-large": "x".repeat(17 * 1024) } });
  expect(answer.statusCode).toBe(431);
});

test("without auth it is alive but not ready", async () => {
  const port = await portOf(start({ AUTH_ADDRESS: "127.0.0.1:1" }));
  expect((await request(port, "/healthz")).statusCode).toBe(200);
  expect((await request(port, "/readyz")).statusCode).toBe(503);
});

test.each([
  ["development", "https://traces.example.org/"],
  ["production", undefined],
])("in %s, a problem has traceUrl: %s", async (NODE_ENV, url) => {
  const port = await portOf(
    start({
      NODE_ENV,
      API_URL: "https://api.example.org",
      INTERNAL_KEY: randomBytes(32).toString("base64"),
      REDIS_WITHOUT_PASSWORD: "true",
      TRACE_URL_TEMPLATE: "https://traces.example.org/{traceId}",
    }),
  );
  const answer = await request(port, "/v1/nothing");
  const { reason, traceUrl } = JSON.parse(await text(answer));
  expect(reason).toBe("ROUTE_NOT_FOUND");
  expect(traceUrl).toBe(url && `${url}${answer.headers["x-trace-id"]}`);
});

test("production refuses the settings of a local system by name", async () => {
  const settings = {
    DEMO_ACCOUNTS: "patient@demo.medconnect.test",
    DEMO_PASSWORD: "correct-demo-passphrase",
    LOG_PATHS: "true",
    CORS_ORIGINS: "loopback",
    ALLOWED_HOSTS: "loopback,api.example.org",
  };
  const { stderr } = start({ NODE_ENV: "production", ...settings });
  const printed = await text(stderr!);
  for (const name of Object.keys(settings))
    expect(printed).toMatch(new RegExp(`^${name} must not .* in production`, "m"));
});
