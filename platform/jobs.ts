import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Logger } from "./log.ts";

/** Runs `work` every `everyMs`, never twice at once; a failure is logged and the next turn tries again. */
export class Job {
  readonly #name: string;
  readonly #everyMs: number;
  readonly #work: () => Promise<unknown>;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #busy = false;
  #again = false;
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

  /** Runs `work` now instead of at the next turn; where it is running, once more right after. */
  kick(): void {
    if (this.#stopped) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    // Not part of the request that kicks: this turn, and those that it starts, serve many.
    this.#running = context.with(ROOT_CONTEXT, () => this.#turn());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #turn(): Promise<void> {
    this.#busy = true;
    do {
      this.#again = false;
      try {
        await this.#work();
      } catch (error) {
        this.#log.warn({ err: error, job: this.#name }, "job failed");
      }
    } while (this.#again && !this.#stopped);
    this.#busy = false;
    if (!this.#stopped) this.start();
  }
}
