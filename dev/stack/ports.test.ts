import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "@jest/globals";
import { COMPILE_CACHE } from "./compile-cache.ts";

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
