import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { blockSlot } from "../availability/change-slot.ts";
import { sweepHolds } from "../bookings/expire-bookings.ts";
import { HOLD_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

/** Slots that others could still book. */
const claimable = async () =>
  await desk.app.db.read(
    "SELECT id, status FROM slots WHERE doctor_id = ? AND start_time > ? AND status NOT IN ('WITHDRAWN')",
    [binaryId(desk.doctor.userId), desk.app.clock.now()],
  );

test("a disabled doctor's bookings end with their money returned, and not one slot is open, however often it is told", async () => {
  await desk.publish(5000);
  const [open, blocked, paid, held, ended] = [
    await desk.offer(60),
    await desk.offer(120),
    await desk.offer(180),
    await desk.offer(240),
    await desk.offer(300),
  ];
  await invoke(SlotServiceService.blockSlot, bound(blockSlot, desk.app), desk.doctor, {
    slotId: blocked.id,
    idempotencyKey: "",
  });
  const { response: unpaid } = await desk.book(ended.id, userCaller("PATIENT"));
  desk.app.clock.advance(HOLD_MS);
  const { response: confirmed } = await desk.book(paid.id, userCaller("PATIENT"));
  await desk.authorized(confirmed.id);
  const { response: pending } = await desk.book(held.id);

  await desk.account(desk.doctor, { disabled: true });
  await desk.account(desk.doctor, { disabled: true });
  for (const slot of [open, blocked, paid, held, ended])
    expect(await desk.slotStatus(slot.id)).toBe("WITHDRAWN");
  const admin = userCaller("ADMIN");
  for (const { id } of [confirmed, pending]) {
    expect(await desk.read(id, admin)).toMatchObject({ status: "CANCELLED", cancelledBy: "ADMIN" });
    const { cancelReason } = await desk.read(id, desk.doctor);
    expect(cancelReason).toBe("The doctor's account was disabled.");
  }
  expect((await desk.read(unpaid.id, admin)).status).toBe("EXPIRED");
  expect(await desk.outboxTypes(unpaid.id)).toEqual(["booking.held", "booking.expired"]);
});

test("disabling and enabling a doctor leaves one audit line for the profile, its slots and each booking", async () => {
  await desk.publish(0);
  const [slot] = [await desk.offer(60), await desk.offer(120)];
  const { response: booking } = await desk.book(slot.id);
  const { userId } = desk.doctor;
  const lines = async () => {
    const rows = await desk.app.db.read<{ line: string }>(
      `SELECT CONCAT(action, ' ', resource) AS line FROM audit_events
       WHERE actor_id = 'service:auth' AND (? MEMBER OF (subject_ids) OR resource = ?) ORDER BY action`,
      [userId, `bookings/${booking.id}`],
    );
    return rows.map(({ line }) => line);
  };
  await desk.account(desk.doctor, { disabled: true });
  const disabled = [
    `booking.cancel bookings/${booking.id}`,
    `doctor.hide doctors/${userId}`,
    `slot.withdraw_all doctors/${userId}`,
  ];
  expect(await lines()).toEqual(disabled);
  await desk.account(desk.doctor, { disabled: true });
  await desk.account(desk.doctor, { disabled: true, fullName: "Another" });
  expect(await lines()).toEqual(disabled);
  await desk.account(desk.doctor);
  expect(await lines()).toEqual([...disabled, `doctor.show doctors/${userId}`].sort());
});

test("a first batch of bookings and of 2,000 slots ends at once, and sweeps end the rest", async () => {
  await desk.publish(0);
  for (let i = 0; i < 103; i++) await desk.book((await desk.offer(60 + 30 * i)).id, userCaller("PATIENT"));
  const start = desk.at(60 + 30 * 103).getTime();
  const doctorId = binaryId(desk.doctor.userId);
  const open = Array.from({ length: 2000 }, (_, i) => [binaryId(newId()), doctorId, new Date(start + i)]);
  await desk.app.db.write(
    "INSERT INTO slots (id, doctor_id, start_time, end_time, status, fee_minor) VALUES ?",
    [open.map((slot) => [...slot, new Date(start + 60_000), "OPEN", 0])],
  );
  const disabling = desk.pausedBeforeCommit((paused) =>
    desk.account(desk.doctor, { disabled: true }, paused),
  );
  await disabling.isPaused;
  // Slots beyond the batch are not even locked. A few of them: for many ids MySQL may read, and lock, the whole table.
  const beyond = open.slice(1000).filter((_, i) => i % 100 === 0);
  await desk.app.db.transaction(async (tx) => {
    const lock = "SELECT id FROM slots FORCE INDEX (PRIMARY) WHERE id IN (?) FOR UPDATE NOWAIT";
    expect(await tx.read(lock, [beyond.map(([id]) => id!)])).toHaveLength(10);
  });
  disabling.commit();
  await disabling.done;
  const live = async () => {
    const sql = "SELECT 1 FROM bookings WHERE doctor_id = ? AND status = 'CONFIRMED'";
    return (await desk.app.db.read(sql, [doctorId])).length;
  };
  expect(await live()).toBe(3);
  expect(await claimable()).toHaveLength(1103);
  await desk.sweepEndings();
  expect(await live()).toBe(0);
  expect(await claimable()).toHaveLength(103);
  await desk.sweepEndings();
  expect(await claimable()).toEqual([]);
});

test("the sweep skips a doctor who was enabled again", async () => {
  await desk.publish(0);
  await desk.account(desk.doctor, { disabled: true });
  await desk.account(desk.doctor, { disabled: false });
  const { response: booking } = await desk.book((await desk.offer(60)).id);
  await desk.offer(120);
  await desk.sweepEndings();
  expect((await desk.read(booking.id)).status).toBe("CONFIRMED");
  expect(await claimable()).toHaveLength(2);
});

test.each(["cancelled", "paid"])(
  "a booking that is %s while its doctor is disabled leaves no slot open",
  async (way) => {
    await desk.publish(way === "paid" ? 5000 : 0);
    const slot = await desk.offer(60);
    const { response: booking } = await desk.book(slot.id);
    const underWay = desk.pausedBeforeCommit((paused) =>
      way === "paid" ? desk.authorized(booking.id, paused) : desk.cancel(booking.id, desk.patient, paused),
    );
    await underWay.isPaused;
    const disabling = desk.account(desk.doctor, { disabled: true });
    await desk.doneOrWaiting(disabling);
    underWay.commit();
    await Promise.all([underWay.done, disabling]);
    await desk.sweepEndings();
    expect(await claimable()).toEqual([]);
    expect((await desk.read(booking.id)).status).toBe("CANCELLED");
  },
);

test("a slot whose hold has ended is not claimed past its doctor's being disabled", async () => {
  await desk.publish(5000);
  const slot = await desk.offer(60);
  await desk.book(slot.id, userCaller("PATIENT"));
  desk.app.clock.advance(HOLD_MS);
  await desk.account(desk.patient, { role: "PATIENT" });
  const claim = desk.pausedBeforeCommit((paused) => desk.book(slot.id, desk.patient, newId(), paused));
  await claim.isPaused;
  const disabling = desk.account(desk.doctor, { disabled: true });
  await desk.doneOrWaiting(disabling);
  claim.commit();
  const { response: booking } = (await claim.done) as Awaited<ReturnType<typeof desk.book>>;
  await disabling;
  await desk.sweepEndings();
  expect(await claimable()).toEqual([]);
  expect((await desk.read(booking.id)).status).toBe("CANCELLED");
});

test("a late payment for a disabled doctor's slot is refused, also once they are enabled again", async () => {
  await desk.publish(5000);
  const slot = await desk.offer(120);
  const { response: late } = await desk.book(slot.id);
  desk.app.clock.advance(HOLD_MS);
  await desk.book(slot.id, userCaller("PATIENT"));
  const other = await desk.offer(180);
  const { response: later } = await desk.book(other.id, userCaller("PATIENT"));
  await desk.account(desk.doctor, { disabled: true });
  await desk.authorized(late.id);
  await desk.account(desk.doctor, { disabled: false });
  await desk.authorized(later.id);
  const refused = ["booking.held", "booking.expired", "booking.payment_refused"];
  expect(await desk.outboxTypes(late.id)).toEqual(refused);
  expect((await desk.outboxTypes(later.id)).at(-1)).toBe("booking.payment_refused");
  expect(await claimable()).toEqual([]);
});

test("a hidden doctor's open slot, should there be one, is neither paid late nor booked", async () => {
  await desk.publish(5000);
  const slot = await desk.offer(120);
  const { response: late } = await desk.book(slot.id);
  desk.app.clock.advance(HOLD_MS);
  await sweepHolds(desk.app)();
  await desk.app.db.write("UPDATE doctors SET hidden = TRUE WHERE id = ?", [binaryId(desk.doctor.userId)]);
  await desk.authorized(late.id);
  expect((await desk.read(late.id)).status).toBe("EXPIRED");
  await expect(desk.book(slot.id, userCaller("PATIENT"))).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("a doctor offers nothing while disabled, and the same times anew once enabled again", async () => {
  await desk.publish(0);
  const { response: booking } = await desk.book((await desk.offer(60)).id);
  await desk.account(desk.doctor, { disabled: true });
  await expect(desk.offer(60)).rejects.toMatchObject({ reason: "DOCTOR_PROFILE_REQUIRED" });
  await desk.account(desk.doctor, { disabled: false });
  expect(await claimable()).toEqual([]);
  expect((await desk.read(booking.id)).status).toBe("CANCELLED");
  const anew = await desk.offer(60);
  expect((await desk.book(anew.id)).response.status).toBe("CONFIRMED");
});
