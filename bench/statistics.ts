import type { Round } from "./contest.ts";
import type { Sample } from "./measure.ts";

/** The middle value; for an even number of values, the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

/** Returns the smallest value for which at least this share (0 to 1) of the values is equal or smaller. */
export function quantile(values: number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Ratio of the subject to the baseline, over several rounds. */
export interface Ratio {
  median: number;
  lowest: number;
  highest: number;
  /** Median ratio of the subject's second sample to its first. Without noise it is 1. */
  control: number;
}

/** Maximum distance of the control from 1. If it is exceeded, the run is inconclusive. */
export const MAX_CONTROL_ERROR = 0.05;

export type Metric = (sample: Sample) => number;

/**
 * Averages the subject's two samples. One was measured before the baseline and one after it, so the mean
 * cancels a steady change of the machine's speed.
 */
export function ratioOf(rounds: Round[], metric: Metric): Ratio {
  const ratios = rounds.map(
    ({ subject, baseline, again }) => (metric(subject) + metric(again)) / 2 / metric(baseline),
  );
  return {
    median: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
    control: median(rounds.map(({ subject, again }) => metric(again) / metric(subject))),
  };
}

export function isConclusive({ control }: Ratio): boolean {
  return Math.abs(control - 1) <= MAX_CONTROL_ERROR;
}
