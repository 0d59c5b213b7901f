import type { CallStats } from "../call-stats.ts";
import type { Crowd } from "../crowd.ts";
import { watch } from "../invariants/check.ts";
import type { Random } from "../random.ts";
import type { System } from "../system.ts";

/** What a scenario breaks, and with what. */
export interface Lab {
  system: System;
  crowd: Crowd;
  random: Random;
  /** What the crowd's calls were answered. */
  callStats: CallStats;
  /** How often each service is killed. */
  rounds: number;
  /** How long `churn` goes on, if told. */
  churnMs?: number | undefined;
  /** Whether faults last as long as the table "Reliability" says, or only as long as shows what they do. */
  isLong: boolean;
}

/** What came of it. */
export interface Finding {
  /** Such as "clinical killed 50 times: whole again after 1.2 s, 2.9 s at most". */
  facts: string[];
  violations: string[];
}

export interface Scenario {
  name: string;
  /** What must hold, in a line. */
  promise: string;
  /** Whether `npm test` runs it, too. */
  inShort: boolean;
  run: (lab: Lab) => Promise<Finding>;
}

/** A finding as it is written. */
export class Notes implements Finding {
  readonly facts: string[] = [];
  readonly violations: string[] = [];
  readonly #judgesTimes: boolean;

  /** The short form runs beside other tests, so its times say nothing: it shows them, and does not judge them. */
  constructor({ isLong }: Pick<Lab, "isLong">) {
    this.#judgesTimes = isLong;
  }

  fact(text: string): void {
    this.facts.push(text);
  }

  /** Notes a violation unless the promise was kept. */
  expect(isKept: boolean, otherwise: string): void {
    if (!isKept) this.violations.push(otherwise);
  }

  /** As `expect`, for a promise about time. */
  expectInTime(isKept: boolean, otherwise: string): void {
    if (this.#judgesTimes) this.expect(isKept, otherwise);
  }
}

/** Has the crowd use the system while `work` breaks it, and looks all the time at what must always hold. */
export async function underLoad(
  { system, crowd }: Lab,
  notes: Notes,
  work: () => Promise<void>,
): Promise<void> {
  notes.violations.push(...(await watch(system, () => crowd.during(work))));
}

/** By when every call has ended: the gateway's CALL_TIMEOUT is 10 s; a second more is the machine's. */
export const DEADLINE_MS = 11_000;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Such as "median 1.2 s, 2.9 s at most". */
export function spread(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  return `median ${seconds(sorted[sorted.length >> 1] ?? 0)}, ${seconds(sorted.at(-1) ?? 0)} at most`;
}
