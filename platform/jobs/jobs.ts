import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import { ApiError } from "../errors/api-error.ts";
import type { Logger } from "../telemetry/log.ts";
import { isStarting } from "../time/start-up.ts";

/** A background task. When the process stops, `signal` aborts, and the task throws `signal.reason`. */
export type Work = (signal: AbortSignal) => Promise<unknown>;

/**
 * Calls `turn` until it resolves to false. If `signal` has aborted, throws `signal.reason` instead of calling
 * `turn`.
 */
export async function repeat(turn: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  do signal?.throwIfAborted();
  while (await turn());
}

/** Runs `work` every `everyMs`, but never twice at once. Logs a failure, and retries only in the next run. */
export class Job {
  readonly name: string;
  readonly #everyMs: number;
  readonly #work: Work;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<boolean> = Promise.resolve(true);
  #busy = false;
  #again = false;
  readonly #stopping = new AbortController();

  constructor(name: string, everyMs: number, work: Work, log: Logger) {
    this.name = name;
    this.#everyMs = everyMs;
    this.#work = work;
    this.#log = log;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#turn();
    }, this.#everyMs);
  }

  /**
   * Runs `work` now, without waiting for the interval. If `work` is running already, runs it once more
   * afterwards.
   */
  kick(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    // Runs outside of the trace of the request that calls `kick`, because a run serves many requests.
    this.#running = context.with(ROOT_CONTEXT, () => this.#turn());
  }

  /** Runs `work` as `kick` does. @returns false if the run failed */
  async run(): Promise<boolean> {
    this.kick();
    return await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** @returns false if the last run failed */
  async #turn(): Promise<boolean> {
    const { signal } = this.#stopping;
    let hasSucceeded: boolean;
    this.#busy = true;
    do {
      this.#again = false;
      try {
        await this.#work(signal);
        hasSucceeded = true;
      } catch (error) {
        hasSucceeded = false;
        const isEarly = isStarting() && error instanceof ApiError && error.reason === "UNAVAILABLE";
        if (error !== signal.reason && !isEarly) this.#log.warn({ err: error, job: this.name }, "job failed");
      }
    } while (this.#again && !signal.aborted);
    this.#busy = false;
    if (!signal.aborted) this.start();
    return hasSucceeded;
  }
}
