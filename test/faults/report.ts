import type { Verdict } from "./invariants/check.ts";
import { type Finding, type Scenario, seconds } from "./scenarios/scenario.ts";
import { quantile, type Tally } from "./tally.ts";

const SHOWN_VIOLATIONS = 20;

/** All that one scenario has shown. */
export interface Result {
  scenario: Scenario;
  finding: Finding;
  tally: Tally;
  verdict: Verdict;
  /** What ended unasked. */
  died: string[];
  tookMs: number;
}

export const violationsOf = ({ finding, tally, verdict, died }: Result): string[] => [
  ...new Set([...finding.violations, ...tally.violations, ...verdict.violations, ...died]),
];

export function describe(result: Result): string {
  const { scenario, finding, tally, verdict, tookMs } = result;
  const latencies = tally.takeLatencies();
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  const violations = violationsOf(result);
  return [
    `${scenario.name}: ${scenario.promise}`,
    ...finding.facts,
    `${tally.calls} calls, ${tally.unknown} of unknown outcome; slowest ${seconds(tally.slowestMs)}` +
      (latencies.length > 0 ? `, p50 ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms` : ""),
    ...tally.describe().map((line) => `  ${line}`),
    `at rest after ${seconds(verdict.settledMs)}; took ${seconds(tookMs)}`,
    violations.length === 0 ? "violations: none" : `violations: ${violations.length}`,
    ...violations.slice(0, SHOWN_VIOLATIONS).map((line) => `  ${line}`),
  ].join("\n  ");
}
