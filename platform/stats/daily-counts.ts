import type { DailySeries_Figure } from "@medconnect/proto/medconnect/operations/v1/stats_service.ts";
import { type CalendarDate, dateOf } from "../time/calendar-date.ts";

/** A change that counts in a figure by day. */
export interface DailyCount {
  readonly figure: DailySeries_Figure;
  /** Role, party or currency; default: none. */
  readonly label?: string;
  /** Default: 1. Negative for a correction of an earlier count. */
  readonly amount?: number;
  /** Time of the change, which gives the day. */
  readonly time: Date;
}

/** Sum of the counts of one day, figure and label. */
export interface DailyTotal {
  readonly date: CalendarDate;
  readonly figure: DailySeries_Figure;
  readonly label: string;
  readonly total: number;
}

/** Sums counts, so that a transaction of many changes writes few rows. Leaves out sums of 0. */
export function totalsOf(counts: readonly DailyCount[]): DailyTotal[] {
  const totals = new Map<string, DailyTotal>();
  for (const { figure, label = "", amount = 1, time } of counts) {
    const date = dateOf(time);
    const key = [date, figure, label].join();
    totals.set(key, { date, figure, label, total: amount + (totals.get(key)?.total ?? 0) });
  }
  return [...totals.values()].filter(({ total }) => total !== 0);
}
