import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";

/** Path of the CLI. */
export const MAIN = join(import.meta.dirname, "../cli/main.ts");

/** Runs `medconnect` in processes of its own, with an empty home folder, at a server in the place of the API. */
export class CommandLine {
  readonly server: ApiServer;
  /** Path of the home folder. */
  readonly home: string;

  private constructor(server: ApiServer, home: string) {
    this.server = server;
    this.home = home;
  }

  static async open(): Promise<CommandLine> {
    return new CommandLine(await startApiServer(), await mkdtemp(join(tmpdir(), "medconnect-cli-")));
  }

  /** Starts a command. */
  start(args: string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: {
        ...COMPILE_CACHE,
        PATH: process.env.PATH,
        HOME: this.home,
        MEDCONNECT_SERVER: this.server.url,
        ...env,
      },
    });
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(
      ([stdout, stderr, [code]]) => ({ code, stdout, stderr }),
    );
    return { child, ended };
  }

  /** Runs a command to its end. */
  async run(args: string[], { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
    const { child, ended } = this.start(args, env);
    child.stdin.end(input);
    return await ended;
  }

  async close(): Promise<void> {
    await this.server.close();
    await rm(this.home, { recursive: true });
  }
}
