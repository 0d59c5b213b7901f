import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { untilReachable } from "../db/until-reachable.ts";
import { ApiError } from "../errors/api-error.ts";
import { Job } from "../jobs/jobs.ts";
import { connectRedis, REDIS_IN_BACKGROUND_MS } from "../network/redis.ts";
import type { Logger } from "../telemetry/log.ts";

let logged: string[];
const log = { warn: (_fields: object, message: string) => logged.push(message) } as unknown as Logger;
beforeEach(() => {
  logged = [];
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Makes this process as old as this. Its peers are away all the time. */
const uptime = (seconds: number) => jest.spyOn(process, "uptime").mockReturnValue(seconds);
const unavailable = () => new ApiError("UNAVAILABLE");

test("an absent database is logged after 15 s", async () => {
  const ages = [1, 14, 16];
  await untilReachable(async () => {
    const age = ages.shift();
    if (age === undefined) return;
    uptime(age);
    throw unavailable();
  }, log);
  expect(logged).toEqual(["waiting for the database"]);
});

test("a job that reaches no peer is logged after 15 s, and any other failure at once", async () => {
  const turns: [number, Error][] = [
    [1, unavailable()],
    [14, unavailable()],
    [2, new Error("defect")],
    [16, unavailable()],
  ];
  const work = async () => {
    const [age, error] = turns.shift() ?? [];
    if (age === undefined) return;
    uptime(age);
    throw error;
  };
  const job = new Job("test", 1, work, log);
  job.start();
  await eventually(
    () => turns.length,
    (left) => left === 0,
  );
  await job.stop();
  expect(logged).toEqual(["job failed", "job failed"]);
});

test("an absent Redis is logged after 15 s, once", async () => {
  uptime(14);
  const redis = connectRedis("redis://127.0.0.1:1", log, REDIS_IN_BACKGROUND_MS);
  let errors = 0;
  redis.on("error", () => {
    errors += 1;
  });
  await eventually(
    () => errors,
    (count) => count >= 2,
  );
  expect(logged).toEqual([]);
  uptime(16);
  await eventually(
    () => errors,
    (count) => count >= 5,
  );
  redis.disconnect();
  expect(logged).toEqual(["redis is unreachable"]);
});
