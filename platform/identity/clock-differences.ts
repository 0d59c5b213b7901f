import type { Logger } from "../telemetry/log.ts";
import { LogPace } from "../telemetry/log-pace.ts";
import { gaugeInSeconds } from "../telemetry/metrics.ts";

/** Number of tokens of a caller to look back at. At one token per half minute, these are two minutes. */
const TOKENS = 4;
/** Difference in seconds from which on it is logged. From then on, processes refuse auth's list in Redis. */
const LOGGED_FROM_S = 3;

/**
 * Estimates how far the clocks of callers differ from this one, for the metric `clock.difference`. A caller
 * sends a token as soon as it is made. So the difference is about the age of its token, or less if another
 * instance got the token first. Hence the least age of the last few tokens counts.
 */
export class ClockDifferences {
  readonly #log: Logger | undefined;
  readonly #pace = new LogPace();
  /** Ages of the last tokens in seconds, by the caller's name. */
  readonly #ages = new Map<string, readonly number[]>();

  constructor(log?: Logger) {
    this.#log = log;
    gaugeInSeconds("clock.difference", "Clock of this process minus that of a caller", (report) => {
      for (const [caller, ages] of this.#ages) report(leastOf(ages), { caller });
      return undefined;
    });
  }

  /**
   * Notes a token at its first use, or at each use if it has expired by this clock.
   *
   * @param issuedAtS seconds since 1970
   */
  note(caller: string, issuedAtS: number): void {
    const ages = [...(this.#ages.get(caller) ?? []), Date.now() / 1000 - issuedAtS].slice(-TOKENS);
    this.#ages.set(caller, ages);
    const seconds = Math.round(leastOf(ages));
    if (ages.length < TOKENS || Math.abs(seconds) < LOGGED_FROM_S || !this.#pace.admits(caller)) return;
    this.#log?.warn({ caller, seconds }, "the clock of a caller differs; synchronize the machines' clocks");
  }

  /** The estimate in seconds, positive if this clock is ahead; undefined before the caller's first token. */
  of(caller: string): number | undefined {
    const ages = this.#ages.get(caller);
    return ages && leastOf(ages);
  }
}

const leastOf = (ages: readonly number[]): number => Math.min(...ages);
