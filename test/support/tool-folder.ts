import { execFile, spawnSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Server } from "@medconnect/dev/engines/server.ts";
import { seed } from "@medconnect/dev/stack/seed.ts";
import { STACK_STEPS, type Stack, type StackOptions, startStack } from "@medconnect/dev/stack/stack.ts";
import { terminalProgress } from "@medconnect/dev/terminal/progress.ts";
import { stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Programs that the project itself depends on. */
export const OUR_BIN = join(ROOT, "node_modules/.bin");

/** Copy of a test's folder, with packages of its own. The project does not depend on these packages. */
export class ToolFolder {
  readonly path: string;

  /** Copies the folder, and installs what its package.json names, if it has one. */
  constructor(source: string, name: string) {
    this.path = join(ROOT, ".local", name);
    cpSync(source, this.path, { recursive: true });
    if (existsSync(join(source, "package.json"))) this.run("npm", ["ci", "--silent"]);
  }

  /** Path of a program that a package of the folder brings. */
  bin = (name: string): string => join(this.path, "node_modules/.bin", name);

  /** Runs a program in the folder. Throws unless it succeeds. @returns what it printed */
  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: this.path,
      env: { ...process.env, ...env },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  /** The same for a program that needs a server of this process meanwhile. */
  async runAside(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const options = { cwd: this.path, env: { ...process.env, ...env } };
    const { stdout, stderr } = await promisify(execFile)(program, args, options).catch((error) => {
      throw new Error(`${program} ${args.join(" ")} failed:\n${error.stdout}${error.stderr}`);
    });
    return stdout + stderr;
  }
}

/** Calls `use` with a system of its own, which has the demo accounts. Then stops the system. */
export async function withDemoStack(
  use: (stack: Stack) => Promise<void> | void,
  options: Pick<StackOptions, "env" | "tracesPort"> = {},
): Promise<void> {
  const signal = stopSignal(() => {
    Server.killAll();
    process.exit(1);
  });
  const dataDir = await mkdtemp(join(tmpdir(), "medconnect-tools-"));
  const stack = await startStack({
    dataDir,
    ...options,
    durable: false,
    progress: terminalProgress(STACK_STEPS),
    signal,
  });
  try {
    await seed(stack);
    await use(stack);
  } finally {
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

export const report = (text: string) => process.stdout.write(`${text}\n`);
