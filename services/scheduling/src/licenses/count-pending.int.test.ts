import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Desk, MINUTE_MS } from "../testing.ts";
import { countPending } from "./license-store.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;

let desk: Desk;

beforeAll(async () => {
  desk = await Desk.open();
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
