import type { CallStats } from "../call-stats.ts";
import type { Crowd } from "../crowd.ts";
import { watch } from "../invariants/check.ts";
import type { Random } from "../random.ts";
import type { System } from "../system.ts";

/** Environment of a scenario. */
export interface Lab {
  system: System;
  crowd: Crowd;
  random: Random;
  /** Statistics of the crowd's calls. */
  callStats: CallStats;
  /** Number of kills of each service. */
  rounds: number;
  /** Duration of `churn`, if set. */
  churnMs?: number | undefined;
  /**
   * True if faults last as long as the table "Reliability" says; false if they last just long enough to show
   * their effect.
   */
  isLong: boolean;
}

/** Result of a scenario. */
export interface Finding {
  /** Such as "clinical killed 50 times: serving again after 1.2 s, at most 2.9 s". */
  facts: string[];
  violations: string[];
}

export interface Scenario {
  name: string;
  /** The promise that the scenario tests, in one line. */
  promise: string;
  /** True if `npm test` runs the scenario, too. */
  inShort: boolean;
  run: (lab: Lab) => Promise<Finding>;
}

/** Collects a finding. */
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

  /** Records `otherwise` as a violation unless `isKept`. */
  expect(isKept: boolean, otherwise: string): void {
    if (!isKept) this.violations.push(otherwise);
  }

  /** Like `expect`, for limits of time, which only the long form enforces. */
  expectInTime(isKept: boolean, otherwise: string): void {
    if (this.#judgesTimes) this.expect(isKept, otherwise);
  }
}

/** Runs `work` under the crowd's load, and meanwhile checks the invariants of `ALWAYS`. */
export async function underLoad(
  { system, crowd }: Lab,
  notes: Notes,
  work: () => Promise<void>,
): Promise<void> {
  notes.violations.push(...(await watch(system, () => crowd.during(work))));
}

/** The gateway's CALL_TIMEOUT of 10 s, and a second for the machine. */
export const DEADLINE_MS = 11_000;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Such as "median 1.2 s, at most 2.9 s". */
export function spread(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  return `median ${seconds(sorted[sorted.length >> 1] ?? 0)}, ${seconds(sorted.at(-1) ?? 0)} at most`;
}
