import type { DailySeries } from "@medconnect/proto/medconnect/operations/v1/stats_service.ts";
import type { DailyTotal } from "./daily-counts.ts";

/** Makes a series of each figure and label, with a value for each date. The totals are sorted by both. */
export const seriesOf = (totals: readonly DailyTotal[], dates: readonly string[]): DailySeries[] =>
  [...Map.groupBy(totals, ({ figure, label }) => `${figure} ${label}`).values()].map((ofOne) => {
    // biome-ignore lint/style/noNonNullAssertion: no group is empty
    const { figure, label } = ofOne[0]!;
    const byDate = new Map(ofOne.map(({ date, total }) => [date, total]));
    return { figure, label, values: dates.map((date) => byDate.get(date) ?? 0) };
  });
