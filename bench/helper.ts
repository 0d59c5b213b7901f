import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

/** A process of the benchmark's own, which is talked to over IPC and ends with the benchmark. */
export class Helper {
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;

  constructor(file: string, env: NodeJS.ProcessEnv = {}) {
    // A group of its own: Ctrl-C is for the benchmark, which then ends it.
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

  /** The next message. Throws if the process ends before it says anything. */
  async receive(): Promise<unknown> {
    const [message] = await Promise.race([once(this.#process, "message"), this.#ended]);
    return message;
  }

  /** The process ends by itself when it is left alone. */
  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

/** A helper that serves HTTP, on a port that it says. */
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
