import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { HOLD_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { sweepHolds } from "./expire-bookings.ts";

const DAY_MINUTES = 24 * 60;
const DAY_MS = DAY_MINUTES * 60_000;

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  await fixture.createDoctor(5000);
});
afterAll(() => fixture.close());

test("business time ends a hold, and machine time stays in the audit trail and the outbox", async () => {
  const { app } = fixture;
  const machineTime = app.clock.now();
  const { id } = (await fixture.book((await fixture.createSlot(2 * DAY_MINUTES)).id)).response;
  app.businessClock.advance(HOLD_MS - 1);
  await sweepHolds(app)();
  expect((await fixture.read(id)).status).toBe("PENDING_PAYMENT");
  app.businessClock.advance(1);
  expect((await fixture.read(id)).status).toBe("EXPIRED");
  await sweepHolds(app)();

  const [row] = await app.db.read<{ time: Date }>("SELECT update_time AS time FROM bookings WHERE id = ?", [
    binaryId(id),
  ]);
  expect(row!.time).toEqual(app.businessClock.now());
  const audited = await app.db.read<{ time: Date }>(
    "SELECT occur_time AS time FROM audit_events WHERE resource = ?",
    [`bookings/${id}`],
  );
  const sent = await app.db.read<{ time: Date }>(
    "SELECT create_time AS time FROM outbox WHERE aggregateid = ?",
    [id],
  );
  expect(audited.length).toBeGreaterThanOrEqual(2);
  expect(sent).toHaveLength(2);
  for (const { time } of [...audited, ...sent]) expect(time).toEqual(machineTime);
});

test("an idempotency key is kept by machine time", async () => {
  const slot = await fixture.createSlot(3 * DAY_MINUTES);
  const key = newId();
  const { response } = await fixture.book(slot.id, fixture.patient, key);
  fixture.app.businessClock.advance(2 * DAY_MS);
  expect(await fixture.book(slot.id, fixture.patient, key)).toEqual({ response, replayed: true });
});

test("a slot must begin in the future of business time", async () => {
  const { app } = fixture;
  app.businessClock.advance(DAY_MS);
  const aheadMinutes = (app.businessClock.now().getTime() - app.clock.now().getTime()) / 60_000;
  await expect(fixture.createSlot(30 - aheadMinutes)).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
  expect(await fixture.createSlot(30)).toMatchObject({ status: "OPEN" });
});
