import type { Query } from "@medconnect/deploy/observability/dashboards/source/panel.ts";
import type { Series } from "../prometheus/prometheus.ts";
import type { PanelData, PanelLine } from "./page/data.ts";

/** Lines of a chart. The chart code has five colours. */
const MAX_LINES = 5;

/** Name of a series: the query's legend, with the values of the labels. */
export const labelOf = ({ legend }: Query, metric: Record<string, string>): string =>
  legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => shortened(metric[label] ?? ""));

/** Method of an RPC without its package. */
const shortened = (value: string): string => value.replace(/^medconnect\.\w+\.\w+\./, "");

/**
 * Aligns the series of a query to the times, in seconds. A series that Prometheus does not have at a time has
 * no value there, nor one that is not a number.
 */
export function linesOf(query: Query, series: readonly Series[], times: readonly number[]): PanelLine[] {
  return series.map(({ metric, values }) => {
    const byTime = new Map(values.map(([time, value]) => [Math.round(time), Number(value)]));
    return {
      label: labelOf(query, metric),
      values: times.map((time) => {
        const value = byTime.get(time);
        return value !== undefined && Number.isFinite(value) ? value : null;
      }),
    };
  });
}

/** Picks the lines with the highest peaks, highest first. Lines without a value are left out. */
export function highest(lines: readonly PanelLine[]): Pick<PanelData, "lines" | "hidden"> {
  const peak = ({ values }: PanelLine) =>
    Math.max(...values.map((value) => value ?? Number.NEGATIVE_INFINITY));
  const drawn = lines.filter((line) => peak(line) > Number.NEGATIVE_INFINITY);
  const sorted = drawn.toSorted((a, b) => peak(b) - peak(a));
  return { lines: sorted.slice(0, MAX_LINES), hidden: Math.max(0, sorted.length - MAX_LINES) };
}
