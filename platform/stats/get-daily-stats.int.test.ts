import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  type GetDailyStatsRequest,
  StatsServiceService,
} from "@medconnect/proto/medconnect/operations/v1/stats_service.ts";
import { bound, invoke, startTestService, type TestService, userCaller } from "../testing/test-service.ts";
import { count } from "./daily-totals-store.ts";
import { getDailyStats } from "./get-daily-stats.ts";

const TODAY = "2030-01-01";

let service: TestService;
beforeAll(async () => {
  service = await startTestService("billing");
  const on = (date: string) => new Date(`${date}T12:00:00Z`);
  await service.db.transaction(async (tx) =>
    count(tx, [
      { figure: "BOOKINGS_CREATED", time: on("2029-12-03") },
      { figure: "BOOKINGS_CREATED", time: on("2029-12-02") },
      { figure: "AMOUNT_REFUNDED", label: "EUR", amount: 1234, time: on(TODAY) },
    ]),
  );
});
afterAll(() => service.close());

const read = async (request: Partial<GetDailyStatsRequest>) => {
  const method = StatsServiceService.getDailyStats;
  const sent = { endDate: "", days: 0, ...request };
  return (await invoke(method, bound(getDailyStats, service), userCaller("ADMIN"), sent)).response;
};

test("without a range, the last 30 days up to today by business time are shown", async () => {
  const { startDate, series } = await read({});
  expect(startDate).toBe("2029-12-03");
  expect(series.map(({ figure, label }) => [figure, label])).toEqual([
    ["AMOUNT_REFUNDED", "EUR"],
    ["BOOKINGS_CREATED", ""],
  ]);
  expect(series[0]!.values).toEqual([...Array(29).fill(0), 1234]);
  expect(series[1]!.values).toEqual([1, ...Array(29).fill(0)]);
});

test("a range of a year is shown, and a series without counts in it is left out", async () => {
  const { startDate, series } = await read({ endDate: "2029-12-31", days: 366 });
  expect(startDate).toBe("2028-12-31");
  expect(series.map(({ figure, values }) => [figure, values.length])).toEqual([["BOOKINGS_CREATED", 366]]);
});

test.each([
  [{ days: 367 }, "days"],
  [{ days: -1 }, "days"],
  [{ endDate: "2030-02-30" }, "end_date"],
  [{ endDate: "1899-12-31" }, "end_date"],
  [{ endDate: "2200-01-01" }, "end_date"],
])("refuses %j", async (request, field) => {
  await expect(read(request)).rejects.toMatchObject({
    reason: "INVALID_REQUEST",
    violations: [expect.objectContaining({ field })],
  });
});

test("each read writes an audit line", async () => {
  await read({ days: 1 });
  const [line] = await service.db.read(
    "SELECT action, resource FROM audit_events ORDER BY occur_time DESC, id DESC LIMIT 1",
  );
  expect(line).toEqual({ action: "stats.get_days", resource: "stats/daily" });
});
