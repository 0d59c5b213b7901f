import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sweepHolds } from "./bookings/expire-bookings.ts";
import { reconcileRegularly } from "./reconciliation/reconcile-regularly.ts";
import { Desk } from "./testing.ts";

let desk: Desk;

beforeAll(async () => {
  desk = await Desk.open();
});
afterAll(() => desk.close());

test("the sweep of holds ends with its process, however many have ended", async () => {
  await expect(sweepHolds(desk.app)(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});

test("the comparison of bookings ends with its process, however many have changed", async () => {
  const standings = { payments: async () => [], consultations: async () => [] } as never;
  const compare = reconcileRegularly(desk.app, standings, 0);
  await expect(compare(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});
