import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "../..");
const TIMEOUT_MS = 480_000;

/** Runs the suite in its own process, as `npm run test:faults` does, on its own system. */
async function runShort(): Promise<string> {
  const command = ["test/faults/run.ts", "--short", "--seed", "3"];
  try {
    return (await promisify(execFile)(process.execPath, command, { cwd: ROOT, timeout: TIMEOUT_MS })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}

test(
  "no acknowledged change is lost, whichever process dies",
  async () => {
    expect(await runShort()).toMatch(/seed 3: no violations/);
  },
  TIMEOUT_MS,
);
