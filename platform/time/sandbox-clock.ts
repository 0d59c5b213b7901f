import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { totalOf } from "./advance-rules.ts";
import { type BusinessClock, type Clock, systemBusinessClock, systemClock } from "./clock.ts";

/**
 * Business clock of a local system: machine time plus the advances in a file, which all processes share. The
 * file only grows, so business time never moves back, neither when two advances meet nor at a restart.
 */
export class SandboxClock implements BusinessClock {
  readonly kind = "business";
  readonly #file: string;
  readonly #machine: Clock;
  #aheadMs = 0;

  /** Throws if the file has a line that is not an advance. The file may be absent. */
  constructor(file: string, machine: Clock = systemClock) {
    this.#file = file;
    this.#machine = machine;
    this.reload();
  }

  now(): Date {
    return new Date(this.#machine.now().getTime() + this.#aheadMs);
  }

  /** Takes over advances that another process has added to the file. Throws as the constructor does. */
  reload(): void {
    this.#aheadMs = Math.max(this.#aheadMs, readAdvances(this.#file));
  }
}

/** @param file setting SANDBOX_CLOCK; without it, business time is machine time */
export const openBusinessClock = (file: string | undefined): BusinessClock =>
  file === undefined ? systemBusinessClock : new SandboxClock(file);

/** Time in ms by which business time is ahead of machine time. */
export const readAdvances = (file: string): number =>
  existsSync(file) ? totalOf(readFileSync(file, "utf8")) : 0;

/** Adds an advance to the file. Processes take it over at `reload`. */
export const addAdvance = (file: string, ms: number): void => {
  // One write in append mode, so that concurrent advances add up.
  appendFileSync(file, `${ms}\n`, { mode: 0o600 });
};
