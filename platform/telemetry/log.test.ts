import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";

const LOG = join(import.meta.dirname, "log.ts");

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill("SIGKILL");
});

/** Runs code that uses a logger, in a separate process. */
function run(code: string): ChildProcess {
  const setup = `const { createLogger } = await import("${LOG}"); const log = createLogger("test", "info");`;
  const args = ["--input-type=module-typescript", "--eval", `${setup} ${code}`];
  child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "ignore"] });
  return child;
}

async function linesOf(writer: ChildProcess): Promise<string[]> {
  let text = "";
  writer.stdout!.on("data", (part) => {
    text += part;
  });
  await once(writer, "close");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).msg);
}

const NUMBERS = Array.from({ length: 1000 }, (_, i) => `${i}`);

test.each([
  ["exits", "process.exit(0)"],
  ["ends by itself", ""],
  ["throws", "setImmediate(() => { throw new Error(); })"],
])("a process that %s has written all its lines", async (_title, end) => {
  const writer = run(`for (let i = 0; i < 1000; i++) log.info(String(i)); ${end}`);
  const lines = await linesOf(writer);
  // Sorted before the comparison, because lines that a thread still writes when the process exits may come
  // last.
  expect(lines.sort((a, b) => Number(a) - Number(b))).toEqual(NUMBERS);
});

test("lines are written while the process runs", async () => {
  const writer = run("log.info('first'); process.stdin.resume()");
  const [part] = await once(writer.stdout!, "data", { signal: AbortSignal.timeout(20_000) });
  expect(String(part)).toContain("first");
});
