import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

/** A child process that communicates over IPC. */
export class Helper {
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;

  constructor(file: string, env: NodeJS.ProcessEnv = {}) {
    // In a process group of its own, so that Ctrl-C reaches only the benchmark, which then ends the helper.
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

  /** Waits for the helper's next message. Throws if the helper ends first. */
  async receive(): Promise<unknown> {
    const [message] = await Promise.race([once(this.#process, "message"), this.#ended]);
    return message;
  }

  /** Disconnects, upon which the process ends by itself. */
  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

/** A helper process that serves HTTP, and that has reported its port. */
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
