import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { timed } from "./database-durations.ts";
import { startMetrics } from "./start-metrics.ts";

const ALERTS = join(import.meta.dirname, "../../deploy/observability/alerts.yml");
/** Limit of the alert DatabaseSlow for the median, in seconds. */
const [, LIMIT = ""] =
  /alert: DatabaseSlow\n.*?\[5m\]\)\)\) > ([\d.]+)\n/s.exec(readFileSync(ALERTS, "utf8")) ?? [];

const readMetrics = startMetrics("test");

async function bounds(): Promise<number[]> {
  await timed("mysql", "SELECT", async () => {});
  const buckets = (await readMetrics()).matchAll(
    /^db_client_operation_duration_seconds_bucket\{.*le="([\d.]+)".*\}/gm,
  );
  return [...buckets].map(([, bound]) => Number(bound));
}

test("the limit of DatabaseSlow is a bound, so that the alert does not fire below it", async () => {
  expect(await bounds()).toContain(Number(LIMIT));
});

test("above the limit, the median that the alert shows is at most twice the true one", async () => {
  const above = (await bounds()).filter((bound) => bound >= Number(LIMIT) && bound <= 1);
  expect(above.length).toBeGreaterThan(3);
  for (const [i, bound] of above.slice(1).entries()) expect(bound / above[i]!).toBeLessThanOrEqual(2);
});
