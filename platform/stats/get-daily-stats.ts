import type {
  DailyStats,
  GetDailyStatsRequest,
} from "@medconnect/proto/medconnect/operations/v1/stats_service.ts";
import type { AuditRecorder } from "../audit/recorder.ts";
import type { Database } from "../db/database.ts";
import type { Call } from "../grpc/call.ts";
import { dateOf } from "../time/calendar-date.ts";
import type { BusinessClock } from "../time/clock.ts";
import { seriesOf } from "./daily-series.ts";
import { readDailyTotals } from "./daily-totals-store.ts";
import { datesUpTo } from "./utc-days.ts";

const DEFAULT_DAYS = 30;

interface App {
  readonly db: Database;
  readonly audit: AuditRecorder;
  readonly businessClock: BusinessClock;
}

/** StatsService.GetDailyStats of one service. */
export async function getDailyStats(
  { db, audit, businessClock }: App,
  request: GetDailyStatsRequest,
  call: Call,
): Promise<DailyStats> {
  const now = businessClock.now();
  const dates = datesUpTo(request.endDate || dateOf(now), request.days || DEFAULT_DAYS);
  // biome-ignore lint/style/noNonNullAssertion: there is at least one date
  const [startDate, endDate] = [dates[0]!, dates.at(-1)!];
  await audit.record(call, [{ resource: "stats/daily", subjectIds: [] }]);
  const totals = await readDailyTotals(db, startDate, endDate);
  return { startDate, series: seriesOf(totals, dates), readTime: now, unavailable: [] };
}
