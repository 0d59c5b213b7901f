import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { COMPILE_CACHE } from "./compile-cache.ts";
import {
  configuredPorts,
  configuredTracesPort,
  freePort,
  freeProcessPorts,
  refuseBusyPorts,
} from "./ports.ts";

const PORTS = 10;
/** Prints free ports, then waits for the end of its input. All processes begin at the same range. */
const SCRIPT = `
  Object.defineProperty(process, "pid", { value: 4242 });
  const { freePort } = await import(${JSON.stringify(pathToFileURL(`${import.meta.dirname}/ports.ts`))});
  const ports = [];
  for (let i = 0; i < ${PORTS}; i++) ports.push(await freePort());
  console.log(JSON.stringify(ports));
  process.stdin.resume();`;

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
});

async function portsOfNewProcess(): Promise<number[]> {
  const args = ["--input-type=module", "--eval", SCRIPT];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...COMPILE_CACHE } });
  started.push(child);
  const [output] = await once(child.stdout, "data");
  return JSON.parse(String(output)) as number[];
}

test("processes that run at the same time choose different ports", async () => {
  const ports = await Promise.all([1, 2, 3].map(portsOfNewProcess));
  expect(new Set(ports.flat()).size).toBe(3 * PORTS);
});

test("a process chooses each port once, also beyond a range", async () => {
  const ports = await Promise.all(Array.from({ length: 150 }, freePort));
  expect(new Set(ports).size).toBe(150);
});

test("all busy ports are named at once, each with its setting and its owner", async () => {
  const ports = await freeProcessPorts();
  const busy = [ports.auth.port, ports.gateway.metricsPort];
  const servers = busy.map((port) => createServer().listen(port, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  await expect(refuseBusyPorts(ports)).rejects.toThrow(
    new RegExp(`^Port ${busy[0]} \\(AUTH_PORT\\) is in use by node \\(process ${process.pid}\\)\\.
Port ${busy[1]} \\(GATEWAY_METRICS_PORT\\) is in use by node \\(process ${process.pid}\\)\\.
For a second system, use --port-offset N and a --data-dir`),
  );
  for (const server of servers) server.close();
});

test("two settings with the same port are refused", async () => {
  const port = await freePort();
  const ports = configuredPorts({ AUTH_PORT: String(port), BILLING_METRICS_PORT: String(port) });
  await expect(refuseBusyPorts(ports)).rejects.toThrow(
    `AUTH_PORT and BILLING_METRICS_PORT are both ${port}.`,
  );
});

test("the port of the traces is one of its own, too", async () => {
  const ports = await freeProcessPorts();
  await expect(refuseBusyPorts(ports, { traces: ports.auth.port })).rejects.toThrow(
    `AUTH_PORT and TRACES_PORT are both ${ports.auth.port}.`,
  );
  expect(configuredTracesPort({}, 100)).toBe(9569);
  expect(() => configuredTracesPort({ TRACES_PORT: "6000" })).toThrow(
    "TRACES_PORT is 6000, which browsers block",
  );
});

test("an offset shifts every port", () => {
  const { auth, gateway } = configuredPorts({ GATEWAY_PORT: "9000" }, 100);
  expect([auth.port, auth.metricsPort, gateway.port]).toEqual([50151, 9565, 9100]);
  expect(() => configuredPorts({}, 20_000)).toThrow("AUTH_PORT with --port-offset 20000 must be a port");
});

test("an offset that puts a port for HTTP on one that browsers block is refused", () => {
  expect(() => configuredPorts({}, 2000)).toThrow(
    "GATEWAY_PORT with --port-offset 2000 is 10080, which browsers block as a port of another protocol.",
  );
  expect(() => configuredPorts({}, 616)).toThrow(/^GATEWAY_METRICS_PORT with --port-offset 616 is 10080/);
  expect(configuredPorts({ AUTH_PORT: "6000" }).auth.port).toBe(6000);
});

test("the ports of HTTP that are refused are those that Node's fetch blocks", async () => {
  const isRefused = (port: number) => {
    try {
      return configuredPorts({ GATEWAY_PORT: `${port}` }).gateway.port !== port;
    } catch {
      return true;
    }
  };
  for (let port = 1024; port < 12_000; port++)
    expect([port, isRefused(port)]).toEqual([port, await isBlocked(port)]);
});

/** Asks Node's fetch, without a connection. */
async function isBlocked(port: number): Promise<boolean> {
  const dispatcher = {
    dispatch() {
      throw new Error("not blocked");
    },
  };
  const answer = fetch(`http://127.0.0.1:${port}`, { dispatcher } as unknown as RequestInit);
  const { cause } = await answer.then(
    () => new Error(),
    (error: Error) => error,
  );
  return (cause as Error).message === "bad port";
}
