import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { MINUTE_MS, ReconciliationFixture } from "../testing/reconciliation-fixture.ts";
import { reconcileRegularly } from "./reconcile-regularly.ts";

const GRACE_MS = MINUTE_MS;

let fixture: ReconciliationFixture;

beforeAll(async () => {
  fixture = await ReconciliationFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.reset());

test("the job leaves young changes and events in flight to the next run", async () => {
  const run = reconcileRegularly(fixture.app, fixture.snapshots, GRACE_MS);
  await run();
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row, { inFlight: true });
  await run();
  expect(await fixture.outboxOf(row)).toEqual([]);
  fixture.service.clock.advance(2 * GRACE_MS);
  await run();
  expect(await fixture.outboxOf(row)).toEqual([]);
  fixture.pay(row);
  fixture.service.clock.advance(2 * GRACE_MS);
  await run();
  expect(await fixture.outboxOf(row)).toHaveLength(1);
});

test("the job skips no booking while another service is down", async () => {
  const run = reconcileRegularly(
    fixture.app,
    {
      ...fixture.snapshots,
      payments: (ids) => (isDown ? Promise.reject(new Error("down")) : fixture.snapshots.payments(ids)),
    },
    GRACE_MS,
  );
  let isDown = false;
  await run();
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row);
  isDown = true;
  fixture.service.clock.advance(2 * GRACE_MS);
  await expect(run()).rejects.toThrow("down");
  isDown = false;
  fixture.service.clock.advance(2 * GRACE_MS);
  await run();
  expect(await fixture.outboxOf(row)).toHaveLength(1);
});

test("the job's metric is the time of the last comparison, or 0", async () => {
  const readMetrics = startMetrics("scheduling");
  const lastRun = async () =>
    Number(/^reconciliation_last_run_timestamp_seconds(?:\{.*\})? (\S+)$/m.exec(await readMetrics())?.[1]);
  const now = () => fixture.service.clock.now().getTime() / 1000;
  let isDown = true;
  const run = reconcileRegularly(
    fixture.app,
    {
      ...fixture.snapshots,
      payments: (ids) => (isDown ? Promise.reject(new Error("down")) : fixture.snapshots.payments(ids)),
    },
    GRACE_MS,
  );
  fixture.pay(await fixture.insertBooking("CONFIRMED"));
  fixture.service.clock.advance(2 * GRACE_MS);
  await expect(run()).rejects.toThrow("down");
  expect(await lastRun()).toBe(0);
  isDown = false;
  await run();
  expect(await lastRun()).toBe(now());
});
