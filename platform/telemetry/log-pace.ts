import { type Clock, systemClock } from "../time/clock.ts";

const EVERY_MS = 60_000;

/** Admits a message at most once a minute for each key, so that a repeated fault does not fill the log. */
export class LogPace {
  readonly #clock: Clock;
  /** Callers choose the keys, so they must be few. */
  readonly #nextMs = new Map<string, number>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  admits(key = ""): boolean {
    const nowMs = this.#clock.now().getTime();
    if (nowMs < (this.#nextMs.get(key) ?? 0)) return false;
    this.#nextMs.set(key, nowMs + EVERY_MS);
    return true;
  }
}
