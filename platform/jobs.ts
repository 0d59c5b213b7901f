import type { Logger } from "./log.ts";

/** Runs `work` every `everyMs`, never twice at once; a failure is logged and the next turn tries again. */
export class Job {
  readonly #name: string;
  readonly #everyMs: number;
  readonly #work: () => Promise<unknown>;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(name: string, everyMs: number, work: () => Promise<unknown>, log: Logger) {
    this.#name = name;
    this.#everyMs = everyMs;
    this.#work = work;
    this.#log = log;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#turn();
    }, this.#everyMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #turn(): Promise<void> {
    try {
      await this.#work();
    } catch (error) {
      this.#log.warn({ err: error, job: this.#name }, "job failed");
    }
    if (!this.#stopped) this.start();
  }
}
