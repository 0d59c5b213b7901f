import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { sweepHolds } from "../bookings/expire-bookings.ts";
import { blockSlot } from "../slot-changes/change-slot.ts";
import { HOLD_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

/** The doctor's future slots, except withdrawn ones. */
const claimable = async () =>
  await fixture.app.db.read(
    "SELECT id, status FROM slots WHERE doctor_id = ? AND start_time > ? AND status NOT IN ('WITHDRAWN')",
    [binaryId(fixture.doctor.userId), fixture.app.clock.now()],
  );

test("a disabled doctor's bookings end with released fees and all slots are withdrawn, also after a repeated event", async () => {
  await fixture.createDoctor(5000);
  const [open, blocked, paid, held, ended] = [
    await fixture.createSlot(60),
    await fixture.createSlot(120),
    await fixture.createSlot(180),
    await fixture.createSlot(240),
    await fixture.createSlot(300),
  ];
  await invoke(SlotServiceService.blockSlot, bound(blockSlot, fixture.app), fixture.doctor, {
    slotId: blocked.id,
    idempotencyKey: "",
  });
  const { response: unpaid } = await fixture.book(ended.id, userCaller("PATIENT"));
  fixture.app.clock.advance(HOLD_MS);
  const { response: confirmed } = await fixture.book(paid.id, userCaller("PATIENT"));
  await fixture.paymentAuthorized(confirmed.id);
  const { response: pending } = await fixture.book(held.id);

  await fixture.accountEvent(fixture.doctor, { disabled: true });
  await fixture.accountEvent(fixture.doctor, { disabled: true });
  for (const slot of [open, blocked, paid, held, ended])
    expect(await fixture.slotStatus(slot.id)).toBe("WITHDRAWN");
  const admin = userCaller("ADMIN");
  for (const { id } of [confirmed, pending]) {
    expect(await fixture.read(id, admin)).toMatchObject({ status: "CANCELLED", cancelledBy: "ADMIN" });
    const { cancelReason } = await fixture.read(id, fixture.doctor);
    expect(cancelReason).toBe("The doctor's account was disabled.");
  }
  expect((await fixture.read(unpaid.id, admin)).status).toBe("EXPIRED");
  expect(await fixture.outboxTypes(unpaid.id)).toEqual(["booking.held", "booking.expired"]);
});

test("disabling and enabling a doctor leaves one audit line for the profile, its slots and each booking", async () => {
  await fixture.createDoctor(0);
  const [slot] = [await fixture.createSlot(60), await fixture.createSlot(120)];
  const { response: booking } = await fixture.book(slot.id);
  const { userId } = fixture.doctor;
  const lines = async () => {
    const rows = await fixture.app.db.read<{ line: string }>(
      `SELECT CONCAT(action, ' ', resource) AS line FROM audit_events
       WHERE actor_id = 'service:auth' AND (? MEMBER OF (subject_ids) OR resource = ?) ORDER BY action`,
      [userId, `bookings/${booking.id}`],
    );
    return rows.map(({ line }) => line);
  };
  await fixture.accountEvent(fixture.doctor, { disabled: true });
  const disabled = [
    `booking.cancel bookings/${booking.id}`,
    `doctor.hide doctors/${userId}`,
    `slot.withdraw_all doctors/${userId}`,
  ];
  expect(await lines()).toEqual(disabled);
  await fixture.accountEvent(fixture.doctor, { disabled: true });
  await fixture.accountEvent(fixture.doctor, { disabled: true, fullName: "Another" });
  expect(await lines()).toEqual(disabled);
  await fixture.accountEvent(fixture.doctor);
  expect(await lines()).toEqual([...disabled, `doctor.show doctors/${userId}`].sort());
});

test("a first batch of bookings and slots ends at once, and the sweeps end the rest", async () => {
  await fixture.createDoctor(0);
  for (let i = 0; i < 103; i++)
    await fixture.book((await fixture.createSlot(60 + 30 * i)).id, userCaller("PATIENT"));
  const start = fixture.at(60 + 30 * 103).getTime();
  const doctorId = binaryId(fixture.doctor.userId);
  const open = Array.from({ length: 2000 }, (_, i) => [binaryId(newId()), doctorId, new Date(start + i)]);
  await fixture.app.db.write(
    "INSERT INTO slots (id, doctor_id, start_time, end_time, status, fee_minor) VALUES ?",
    [open.map((slot) => [...slot, new Date(start + 60_000), "OPEN", 0])],
  );
  const disabling = fixture.pausedBeforeCommit((paused) =>
    fixture.accountEvent(fixture.doctor, { disabled: true }, paused),
  );
  await disabling.isPaused;
  // The transaction must not lock slots beyond the first batch of 1000. Each is looked up by its key, because a
  // list of ids may make MySQL scan, and so wait for, the whole table.
  const beyond = open.slice(1000).filter((_, i) => i % 100 === 0);
  await fixture.app.db.transaction(async (tx) => {
    for (const [id] of beyond)
      expect(await tx.read("SELECT id FROM slots WHERE id = ? FOR UPDATE NOWAIT", [id!])).toHaveLength(1);
  });
  disabling.commit();
  await disabling.done;
  const live = async () => {
    const sql = "SELECT 1 FROM bookings WHERE doctor_id = ? AND status = 'CONFIRMED'";
    return (await fixture.app.db.read(sql, [doctorId])).length;
  };
  expect(await live()).toBe(3);
  expect(await claimable()).toHaveLength(1103);
  await fixture.sweepEndings();
  expect(await live()).toBe(0);
  expect(await claimable()).toHaveLength(103);
  await fixture.sweepEndings();
  expect(await claimable()).toEqual([]);
});

test("the sweeps skip a doctor who was enabled again", async () => {
  await fixture.createDoctor(0);
  await fixture.accountEvent(fixture.doctor, { disabled: true });
  await fixture.accountEvent(fixture.doctor, { disabled: false });
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.createSlot(120);
  await fixture.sweepEndings();
  expect((await fixture.read(booking.id)).status).toBe("CONFIRMED");
  expect(await claimable()).toHaveLength(2);
});

test.each(["cancelled", "paid"])(
  "a booking that is %s while its doctor is disabled leaves no slot open",
  async (way) => {
    await fixture.createDoctor(way === "paid" ? 5000 : 0);
    const slot = await fixture.createSlot(60);
    const { response: booking } = await fixture.book(slot.id);
    const underWay = fixture.pausedBeforeCommit((paused) =>
      way === "paid"
        ? fixture.paymentAuthorized(booking.id, paused)
        : fixture.cancel(booking.id, fixture.patient, paused),
    );
    await underWay.isPaused;
    const disabling = fixture.accountEvent(fixture.doctor, { disabled: true });
    await fixture.doneOrWaiting(disabling);
    underWay.commit();
    await Promise.all([underWay.done, disabling]);
    await fixture.sweepEndings();
    expect(await claimable()).toEqual([]);
    expect((await fixture.read(booking.id)).status).toBe("CANCELLED");
  },
);

test("a slot with an ended hold is not claimed after its doctor is disabled", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(60);
  await fixture.book(slot.id, userCaller("PATIENT"));
  fixture.app.clock.advance(HOLD_MS);
  await fixture.accountEvent(fixture.patient, { role: "PATIENT" });
  const claim = fixture.pausedBeforeCommit((paused) =>
    fixture.book(slot.id, fixture.patient, newId(), paused),
  );
  await claim.isPaused;
  const disabling = fixture.accountEvent(fixture.doctor, { disabled: true });
  await fixture.doneOrWaiting(disabling);
  claim.commit();
  const { response: booking } = (await claim.done) as Awaited<ReturnType<typeof fixture.book>>;
  await disabling;
  await fixture.sweepEndings();
  expect(await claimable()).toEqual([]);
  expect((await fixture.read(booking.id)).status).toBe("CANCELLED");
});

test("a late payment for a disabled doctor's slot is refused, also after the doctor is enabled", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response: late } = await fixture.book(slot.id);
  fixture.app.clock.advance(HOLD_MS);
  await fixture.book(slot.id, userCaller("PATIENT"));
  const other = await fixture.createSlot(180);
  const { response: later } = await fixture.book(other.id, userCaller("PATIENT"));
  await fixture.accountEvent(fixture.doctor, { disabled: true });
  await fixture.paymentAuthorized(late.id);
  await fixture.accountEvent(fixture.doctor, { disabled: false });
  await fixture.paymentAuthorized(later.id);
  const refused = ["booking.held", "booking.expired", "booking.payment_refused"];
  expect(await fixture.outboxTypes(late.id)).toEqual(refused);
  expect((await fixture.outboxTypes(later.id)).at(-1)).toBe("booking.payment_refused");
  expect(await claimable()).toEqual([]);
});

test("an open slot of a hidden doctor is neither confirmed by a late payment nor booked", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response: late } = await fixture.book(slot.id);
  fixture.app.clock.advance(HOLD_MS);
  await sweepHolds(fixture.app)();
  await fixture.app.db.write("UPDATE doctors SET hidden = TRUE WHERE id = ?", [
    binaryId(fixture.doctor.userId),
  ]);
  await fixture.paymentAuthorized(late.id);
  expect((await fixture.read(late.id)).status).toBe("EXPIRED");
  await expect(fixture.book(slot.id, userCaller("PATIENT"))).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("a disabled doctor creates no slots, and the same times again after being enabled", async () => {
  await fixture.createDoctor(0);
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.accountEvent(fixture.doctor, { disabled: true });
  await expect(fixture.createSlot(60)).rejects.toMatchObject({ reason: "DOCTOR_PROFILE_REQUIRED" });
  await fixture.accountEvent(fixture.doctor, { disabled: false });
  expect(await claimable()).toEqual([]);
  expect((await fixture.read(booking.id)).status).toBe("CANCELLED");
  const anew = await fixture.createSlot(60);
  expect((await fixture.book(anew.id)).response.status).toBe("CONFIRMED");
});
