import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { countPending } from "./license-store.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());

const pending = () => countPending(desk.app.db, desk.app.clock.now());

test("licences count from their claim until a decision or their expiry", async () => {
  expect(await pending()).toEqual({ count: 0, oldest: null });
  const first = await desk.claimLicense(0);
  desk.app.clock.advance(MINUTE_MS);
  desk.admit();
  const licenseExpireDate = desk.app.clock.now().toISOString().slice(0, 10);
  const second = await desk.claimLicense(0, { licenseExpireDate });
  expect(await pending()).toEqual({ count: 2, oldest: first.createTime });
  await desk.verify(first.id);
  expect(await pending()).toEqual({ count: 1, oldest: second.createTime });
  desk.app.clock.advance(DAY_MS);
  expect(await pending()).toEqual({ count: 0, oldest: null });
});

test("a verified licence counts from the first new name of its account until an admin has taken it", async () => {
  desk.admit();
  await desk.account(desk.doctor, { fullName: "Ana Old" });
  const { id } = await desk.claimLicense(0);
  await desk.verify(id);
  desk.app.clock.advance(DAY_MS);
  const oldest = desk.app.clock.now();
  await desk.account(desk.doctor, { fullName: "Ana New" });
  desk.app.clock.advance(MINUTE_MS);
  await desk.account(desk.doctor, { fullName: "Ana Newer" });
  expect(await pending()).toEqual({ count: 1, oldest });
  await desk.verify(id);
  expect(await pending()).toEqual({ count: 0, oldest: null });
});
