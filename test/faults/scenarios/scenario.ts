import type { CallStats } from "../call-stats.ts";
import type { Crowd } from "../crowd.ts";
import { watch } from "../invariants/check.ts";
import type { Random } from "../random.ts";
import type { System } from "../system.ts";

/** The system and the users on which a scenario runs, with its options. */
export interface Lab {
  system: System;
  crowd: Crowd;
  random: Random;
  /** Statistics of the calls of `crowd`. */
  callStats: CallStats;
  /** Number of times that each service is killed. */
  rounds: number;
  /** Duration of the scenario `churn`. Undefined means its default. */
  churnMs?: number | undefined;
  /** False with `--short`. Faults are then as short as possible, and times have no limits. */
  isLong: boolean;
}

/** Measurements of a scenario, and the violations that it found. */
export interface Finding {
  /** Measurements in words, such as "clinical killed 50 times: serving again after 1.2 s, at most 2.9 s". */
  facts: string[];
  violations: string[];
}

export interface Scenario {
  name: string;
  /** The property that the scenario tests, in one line. */
  promise: string;
  /** True if `npm test` runs the scenario, with `--short`. */
  inShort: boolean;
  run: (lab: Lab) => Promise<Finding>;
}

/** Collects measurements and violations. */
export class Notes implements Finding {
  readonly facts: string[] = [];
  readonly violations: string[] = [];
  readonly #judgesTimes: boolean;

  /** With `--short`, times are printed, but compared with no limit. */
  constructor({ isLong }: Pick<Lab, "isLong">) {
    this.#judgesTimes = isLong;
  }

  fact(text: string): void {
    this.facts.push(text);
  }

  /** Adds `otherwise` as a violation if `isKept` is false. */
  expect(isKept: boolean, otherwise: string): void {
    if (!isKept) this.violations.push(otherwise);
  }

  /** Like `expect`, but for limits of time. Does nothing with `--short`. */
  expectInTime(isKept: boolean, otherwise: string): void {
    if (this.#judgesTimes) this.expect(isKept, otherwise);
  }
}

/** Runs `work` under the load of the crowd. Meanwhile, checks the invariants in `ALWAYS`. */
export async function underLoad(
  { system, crowd }: Lab,
  notes: Notes,
  work: () => Promise<void>,
): Promise<void> {
  notes.violations.push(...(await watch(system, () => crowd.during(work))));
}

/** Maximum response time: the gateway's CALL_TIMEOUT of 10 s, and a second for a busy machine. */
export const DEADLINE_MS = 11_000;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Describes times, such as "median 1.2 s, at most 2.9 s". */
export function spread(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  return `median ${seconds(sorted[sorted.length >> 1] ?? 0)}, ${seconds(sorted.at(-1) ?? 0)} at most`;
}
