import { type CallStats, quantile } from "./call-stats.ts";
import type { Verdict } from "./invariants/check.ts";
import { type Finding, type Scenario, seconds } from "./scenarios/scenario.ts";

/** Maximum violations of each kind that are printed. */
const SHOWN_OF_A_KIND = 5;

/** Result of one scenario. */
export interface Result {
  scenario: Scenario;
  finding: Finding;
  callStats: CallStats;
  verdict: Verdict;
  /** Processes that ended although the scenario did not end them. */
  died: string[];
  tookMs: number;
}

export const violationsOf = ({ finding, callStats, verdict, died }: Result): string[] => [
  ...new Set([...finding.violations, ...callStats.violations, ...verdict.violations, ...died]),
];

export function describe(result: Result): string {
  const { scenario, finding, callStats, verdict, tookMs } = result;
  const latencies = callStats.takeLatencies();
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  const violations = violationsOf(result);
  return [
    `${scenario.name}: ${scenario.promise}`,
    ...finding.facts,
    `${callStats.calls} calls, ${callStats.unknown} of unknown outcome; slowest ${seconds(callStats.slowestMs)}` +
      (latencies.length > 0 ? `, p50 ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms` : ""),
    ...callStats.describe().map((line) => `  ${line}`),
    `settled after ${seconds(verdict.settledMs)}; ${verdict.letDown} no-shows of doctors so far; took ${seconds(tookMs)}`,
    violations.length === 0 ? "violations: none" : `violations: ${violations.length}`,
    ...someOfEachKind(violations).map((line) => `  ${line}`),
  ].join("\n  ");
}

/** Returns the first violations of each kind. Texts of one kind differ only in ids and numbers. */
function someOfEachKind(violations: string[]): string[] {
  const kinds = Map.groupBy(violations, (line) =>
    line.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\d.]+/g, "…"),
  );
  return [...kinds.values()].flatMap((lines) => {
    const more = lines.length - SHOWN_OF_A_KIND;
    return [...lines.slice(0, SHOWN_OF_A_KIND), ...(more > 0 ? [`(and ${more} more like these)`] : [])];
  });
}
