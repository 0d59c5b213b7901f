import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { countPending } from "./license-store.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());

const pending = () => countPending(fixture.app.db, fixture.app.clock.now());

test("licences count from their claim until a decision or their expiry", async () => {
  expect(await pending()).toEqual({ count: 0, oldest: null });
  const first = await fixture.claimLicense(0);
  fixture.app.clock.advance(MINUTE_MS);
  fixture.renewPeople();
  const licenseExpireDate = fixture.app.clock.now().toISOString().slice(0, 10);
  const second = await fixture.claimLicense(0, { licenseExpireDate });
  expect(await pending()).toEqual({ count: 2, oldest: first.createTime });
  await fixture.verify(first.id);
  expect(await pending()).toEqual({ count: 1, oldest: second.createTime });
  fixture.app.clock.advance(DAY_MS);
  expect(await pending()).toEqual({ count: 0, oldest: null });
});

test("a verified licence counts from the first new name of its account until an admin verifies it", async () => {
  fixture.renewPeople();
  await fixture.accountEvent(fixture.doctor, { fullName: "Ana Old" });
  const { id } = await fixture.claimLicense(0);
  await fixture.verify(id);
  fixture.app.clock.advance(DAY_MS);
  const oldest = fixture.app.clock.now();
  await fixture.accountEvent(fixture.doctor, { fullName: "Ana New" });
  fixture.app.clock.advance(MINUTE_MS);
  await fixture.accountEvent(fixture.doctor, { fullName: "Ana Newer" });
  expect(await pending()).toEqual({ count: 1, oldest });
  await fixture.verify(id);
  expect(await pending()).toEqual({ count: 0, oldest: null });
});
