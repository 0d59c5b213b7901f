import { CallStats } from "./call-stats.ts";
import { Crowd } from "./crowd.ts";
import { evaluate } from "./invariants/check.ts";
import { Random } from "./random.ts";
import type { Result } from "./report.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import type { System } from "./system.ts";

export interface SuiteOptions {
  seed: number;
  rounds: number;
  patients: number;
  isLong: boolean;
  churnMs?: number | undefined;
  scenarios: readonly Scenario[];
  /** Called after each scenario. */
  tell: (result: Result) => void;
  /** When this signal is aborted, no further scenario starts. */
  signal?: AbortSignal;
}

/**
 * Maximum pause of a user between two calls. It leaves CPU time for starting processes, because users and
 * system run on the same machine.
 */
const THINK_MS = 250;

/** Runs scenarios one after the other on one system. */
export async function runSuite(system: System, options: SuiteOptions): Promise<Result[]> {
  const { seed, rounds, patients, isLong, churnMs, scenarios, tell, signal } = options;
  const random = new Random(seed);
  const crowd = await Crowd.gather({ system, random: random.fork(), patients, thinkMs: THINK_MS });
  const results: Result[] = [];
  try {
    for (const scenario of scenarios) {
      signal?.throwIfAborted();
      const begin = Date.now();
      const callStats = new CallStats();
      crowd.countIn(callStats);
      const finding = await scenario.run({
        system,
        crowd,
        random: random.fork(),
        callStats,
        rounds,
        isLong,
        churnMs,
      });
      const verdict = await evaluate(system, crowd);
      const died = system.died.splice(0);
      const result = { scenario, finding, callStats, verdict, died, tookMs: Date.now() - begin };
      results.push(result);
      tell(result);
    }
  } finally {
    crowd.close();
  }
  return results;
}
