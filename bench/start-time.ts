import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freeProcessPorts } from "@medconnect/dev/stack/ports.ts";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";

const READY = "MedConnect is ready.";
const ROOT = join(import.meta.dirname, "..");

/** Measures the seconds until `npm start` is ready: with a new data folder, then with the same folder. */
export async function measureStarts(
  dataDir: string,
  signal: AbortSignal,
): Promise<{ firstS: number; secondS: number }> {
  const firstS = await measureStart(dataDir, signal);
  return { firstS, secondS: await measureStart(dataDir, signal) };
}

async function measureStart(dataDir: string, signal: AbortSignal): Promise<number> {
  const ports = await freeProcessPorts();
  const settings = PROCESSES.flatMap((name) => [
    [`${name.toUpperCase()}_PORT`, `${ports[name].port}`],
    [`${name.toUpperCase()}_METRICS_PORT`, `${ports[name].metricsPort}`],
  ]);
  const beginMs = performance.now();
  const child = spawn("npm", ["start", "--", "--data-dir", dataDir], {
    cwd: ROOT,
    env: { ...process.env, ...Object.fromEntries(settings) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const closed = once(child, "close");
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  try {
    await untilReady(child);
    return (performance.now() - beginMs) / 1000;
  } finally {
    child.kill("SIGTERM");
    await closed;
  }
}

async function untilReady(child: ChildProcess): Promise<void> {
  child.stderr!.resume();
  // Reads all output, because a full pipe would block the child process.
  const lines = createInterface({ input: child.stdout! });
  await new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => line === READY && resolve());
    lines.once("close", () => reject(new SetupError("npm start ended before it was ready.")));
  });
}
