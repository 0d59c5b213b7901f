import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

/** A child process that communicates over IPC. */
export class Helper {
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;

  constructor(file: string, env: NodeJS.ProcessEnv = {}) {
    // The child gets a process group of its own, so that Ctrl-C reaches only the benchmark. The benchmark
    // then ends the child.
    this.#process = fork(join(import.meta.dirname, file), {
      detached: true,
      env: { ...process.env, ...env },
    });
    this.#ended = once(this.#process, "exit").then(([code]) => {
      throw new SetupError(`${file} ended with exit code ${code}.`);
    });
    this.#ended.catch(() => {});
  }

  get pid(): number {
    return this.#process.pid!;
  }

  send(message: object): void {
    this.#process.send(message);
  }

  /** Waits for the next message of the child process. Throws if the process ends first. */
  async receive(): Promise<unknown> {
    const [message] = await Promise.race([once(this.#process, "message"), this.#ended]);
    return message;
  }

  /** Disconnects from the child process, which then ends by itself. */
  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

/** A child process that serves HTTP. */
export interface HelperServer {
  url: string;
  pid: number;
  stop(): void;
}

export async function startHelperServer(file: string, env: NodeJS.ProcessEnv = {}): Promise<HelperServer> {
  const helper = new Helper(file, env);
  const port = await helper.receive();
  return { url: `http://127.0.0.1:${port}`, pid: helper.pid, stop: () => helper.stop() };
}
