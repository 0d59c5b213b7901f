import { daysBetween } from "@medconnect/platform/stats/utc-days.ts";
import {
  type DailySeries,
  type DailyStats,
  type GetDailyStatsRequest,
  StatsServiceService,
} from "@medconnect/proto/medconnect/operations/v1/stats_service.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import { AvailableServices } from "./available-services.ts";
import type { ComposedCall } from "./composed-call.ts";

/**
 * Reads the figures by day of all services concurrently and combines them. If a service is unavailable, the
 * answer names it and lacks its figures. Throws UNAVAILABLE if all services are unavailable.
 */
export async function getDailyStats(request: GetDailyStatsRequest, call: ComposedCall): Promise<DailyStats> {
  const asked = new AvailableServices(call);
  const answers = await Promise.all(
    SERVICES.map((service) => asked.ask(service, StatsServiceService.getDailyStats, request)),
  );
  const unavailable = asked.unavailable();
  const known = answers.filter((answer) => answer !== undefined);
  const startDate =
    known
      .map((answer) => answer.startDate)
      .toSorted()
      .at(-1) ?? "";
  return {
    startDate,
    series: known.flatMap((answer) => seriesFrom(startDate, answer)),
    readTime: new Date(),
    unavailable,
  };
}

/**
 * Series that begin at `startDate`. Around midnight, a service may have answered for the day before; then its
 * first day is left out, and its last value is 0.
 */
function seriesFrom(startDate: string, answer: DailyStats): DailySeries[] {
  const days = daysBetween(answer.startDate, startDate);
  if (days === 0) return answer.series;
  return answer.series.map((series) => ({
    ...series,
    values: series.values.map((_, day, values) => values[day + days] ?? 0),
  }));
}
