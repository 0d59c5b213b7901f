import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ReplaceScheduleRequest,
  Schedule,
  ScheduleServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { sweepHolds } from "../bookings/expire-bookings.ts";
import { sweepSlots } from "../endings/withdraw-slots.ts";
import { withdrawSlot } from "../slot-changes/change-slot.ts";
import { HOLD_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { getSchedule } from "./get-schedule.ts";
import { makeSlots, sweepSchedules } from "./make-slots.ts";
import { replaceSchedule } from "./replace-schedule.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  fixture.app.clock.advance(START.getTime() - fixture.app.clock.now().getTime());
  fixture.renewPeople();
  await fixture.createDoctor(0);
});

/** A Tuesday. */
const START = new Date("2030-01-01T09:00:00Z");

const TUESDAYS = Schedule.fromPartial({
  timeZone: "UTC",
  weeklyHours: [{ day: "TUESDAY", startTime: "10:00", endTime: "12:00" }],
  slotLength: { seconds: 1800 },
  horizonDays: 14,
});

async function put(schedule: Schedule, options: Partial<ReplaceScheduleRequest> = {}) {
  const doctorId = fixture.doctor.userId;
  const request = ReplaceScheduleRequest.fromPartial({ doctorId, schedule, ...options });
  const { replaceSchedule: method } = ScheduleServiceService;
  return (await invoke(method, bound(replaceSchedule, fixture.app), fixture.doctor, request)).response;
}

async function get() {
  const { getSchedule: method } = ScheduleServiceService;
  const request = { doctorId: fixture.doctor.userId };
  return (await invoke(method, bound(getSchedule, fixture.app), fixture.doctor, request)).response;
}

/** The doctor's slots that are not withdrawn, such as "01T10:00 OPEN", by start. */
async function slots() {
  const rows = await fixture.app.db.read<{ id: string; startTime: Date; status: string }>(
    "SELECT id, start_time AS startTime, status FROM slots WHERE doctor_id = ? AND status <> 'WITHDRAWN' ORDER BY start_time",
    [binaryId(fixture.doctor.userId)],
  );
  return rows.map((row) => ({ ...row, text: `${row.startTime.toISOString().slice(8, 16)} ${row.status}` }));
}
const texts = async () => (await slots()).map(({ text }) => text);

const FIRST = ["01T10:00 OPEN", "01T10:30 OPEN", "01T11:00 OPEN", "01T11:30 OPEN"];
const SECOND = FIRST.map((text) => text.replace("01T", "08T"));

test("a doctor without a schedule has an empty one, whose etag guards the first replacement", async () => {
  expect(await get()).toMatchObject({ timeZone: "UTC", weeklyHours: [], etag: "0000" });
  await put({ ...TUESDAYS, etag: "0000" });
  await expect(put({ ...TUESDAYS, horizonDays: 20, etag: "0000" })).rejects.toMatchObject({
    reason: "ETAG_MISMATCH",
  });
});

test("a schedule makes slots up to its horizon, once", async () => {
  const { slotsAdded, slotsRemoved, schedule } = await put(TUESDAYS);
  expect([slotsAdded, slotsRemoved]).toEqual([8, 0]);
  expect(await texts()).toEqual([...FIRST, ...SECOND]);
  expect(await get()).toEqual(schedule);
  const again = await put(TUESDAYS);
  expect(again.schedule?.etag).toBe(schedule?.etag);
  await Promise.all([makeSlots(fixture.app, fixture.doctor.userId), sweepSchedules(fixture.app)()]);
  expect(await texts()).toEqual([...FIRST, ...SECOND]);
});

test("a check of a schedule tells what would change, and changes nothing", async () => {
  await put(TUESDAYS);
  const shorter = {
    ...TUESDAYS,
    weeklyHours: [{ day: "TUESDAY" as const, startTime: "10:00", endTime: "11:00" }],
  };
  const { slotsAdded, slotsRemoved } = await put(shorter, { validateOnly: true });
  expect([slotsAdded, slotsRemoved]).toEqual([0, 4]);
  expect(await texts()).toEqual([...FIRST, ...SECOND]);
});

test("a new schedule removes what nobody has taken, and names the bookings outside", async () => {
  await put(TUESDAYS);
  const [first, second] = await slots();
  const { response: booking } = await fixture.book(first!.id);
  const { response: ended } = await fixture.book(second!.id, userCaller("PATIENT"));
  await fixture.cancel(ended.id, fixture.admin);
  const mornings = {
    ...TUESDAYS,
    weeklyHours: [{ day: "TUESDAY" as const, startTime: "11:00", endTime: "12:00" }],
  };
  const { slotsAdded, slotsRemoved, bookingsOutside } = await put(mornings);
  expect([slotsAdded, slotsRemoved, bookingsOutside]).toEqual([0, 3, [booking.id]]);
  expect(await texts()).toEqual(["01T10:00 BOOKED", ...FIRST.slice(2), ...SECOND.slice(2)]);
  expect((await fixture.read(ended.id, fixture.admin)).status).toBe("CANCELLED");
  await put(TUESDAYS);
  expect(await texts()).toEqual(["01T10:00 BOOKED", ...FIRST.slice(1), ...SECOND]);
});

test("slots that the doctor made or withdrew stay so", async () => {
  await fixture.createSlot(75, 30);
  await put(TUESDAYS);
  expect(await texts()).toEqual(["01T10:15 OPEN", ...FIRST.slice(2), ...SECOND]);
  const [, withdrawn] = await slots();
  await invoke(SlotServiceService.withdrawSlot, bound(withdrawSlot, fixture.app), fixture.doctor, {
    slotId: withdrawn!.id,
    idempotencyKey: "",
  });
  await put({ ...TUESDAYS, horizonDays: 13 });
  expect(await texts()).toEqual(["01T10:15 OPEN", ...FIRST.slice(3), ...SECOND]);
  await put({ ...TUESDAYS, weeklyHours: [] });
  expect(await texts()).toEqual(["01T10:15 OPEN"]);
});

test("the job extends the slots as time passes", async () => {
  await put(TUESDAYS);
  fixture.app.clock.advance(7 * 24 * 60 * 60_000);
  await sweepSchedules(fixture.app)();
  expect((await texts()).filter((text) => text.startsWith("15T"))).toHaveLength(4);
});

test("a replacement of an older version is refused", async () => {
  const { schedule } = await put(TUESDAYS);
  await put({ ...TUESDAYS, horizonDays: 20 });
  await expect(put({ ...TUESDAYS, etag: schedule!.etag })).rejects.toMatchObject({ reason: "ETAG_MISMATCH" });
});

test("a doctor has at most the slots that the limit allows", async () => {
  const full = {
    ...TUESDAYS,
    weeklyHours: (["MONDAY", "TUESDAY"] as const).map((day) => ({
      day,
      startTime: "00:00",
      endTime: "24:00",
    })),
    horizonDays: 400,
  };
  const app = { ...fixture.app, doctorMaxSlots: 100 };
  const request = ReplaceScheduleRequest.fromPartial({ doctorId: fixture.doctor.userId, schedule: full });
  const { replaceSchedule: method } = ScheduleServiceService;
  await expect(invoke(method, bound(replaceSchedule, app), fixture.doctor, request)).rejects.toMatchObject({
    reason: "TOO_MANY_SLOTS",
  });
  expect(await texts()).toEqual([]);
});

test("a held slot that leaves the schedule is withdrawn when its hold ends", async () => {
  fixture.renewPeople();
  await fixture.createDoctor(5000);
  await put(TUESDAYS);
  const [held, kept, moved] = await slots();
  for (const slot of [held, kept]) await fixture.book(slot!.id, userCaller("PATIENT"));
  const { response: booking } = await fixture.book(moved!.id);
  await put({ ...TUESDAYS, weeklyHours: [] });
  expect(await texts()).toEqual(["01T10:00 HELD", "01T10:30 HELD", "01T11:00 HELD"]);
  await put({ ...TUESDAYS, weeklyHours: [{ day: "TUESDAY", startTime: "10:30", endTime: "11:00" }] });
  await fixture.cancel(booking.id, fixture.patient);
  expect(await texts()).toEqual(["01T10:00 HELD", "01T10:30 HELD", "08T10:30 OPEN"]);
  fixture.app.clock.advance(HOLD_MS);
  expect([await fixture.slotStatus(held!.id), await fixture.slotStatus(kept!.id)]).toEqual(["HELD", "OPEN"]);
  await sweepHolds(fixture.app)();
  expect(await texts()).toEqual(["01T10:30 OPEN", "08T10:30 OPEN"]);
});

test("a doctor whose account is enabled again has the slots of the schedule again", async () => {
  await put(TUESDAYS);
  await fixture.accountEvent(fixture.doctor, { disabled: true });
  await sweepSlots(fixture.app)();
  await sweepSchedules(fixture.app)();
  expect(await texts()).toEqual([]);
  await fixture.accountEvent(fixture.doctor, { disabled: false });
  await sweepSchedules(fixture.app)();
  expect(await texts()).toEqual([...FIRST, ...SECOND]);
});

test("the same schedule again fills gaps", async () => {
  const { id } = await fixture.createSlot(75, 30);
  const { schedule } = await put(TUESDAYS);
  await invoke(SlotServiceService.withdrawSlot, bound(withdrawSlot, fixture.app), fixture.doctor, {
    slotId: id,
    idempotencyKey: "",
  });
  expect((await put(TUESDAYS)).schedule?.etag).toBe(schedule?.etag);
  expect(await texts()).toEqual([...FIRST, ...SECOND]);
});

test("slots are made again once there are newer rules of time zones", async () => {
  await put(TUESDAYS);
  const [booked, open] = await slots();
  const { response: booking } = await fixture.book(booked!.id);
  // As if older rules had shown another time on the wall clock.
  const moved =
    "UPDATE slots SET start_time = start_time - INTERVAL 1 HOUR, end_time = end_time - INTERVAL 1 HOUR";
  await fixture.app.db.write(`${moved} WHERE id IN (?, ?)`, [binaryId(booked!.id), binaryId(open!.id)]);
  await sweepSchedules(fixture.app)();
  expect((await texts()).slice(0, 2)).toEqual(["01T09:00 BOOKED", "01T09:30 OPEN"]);
  await fixture.app.db.write("UPDATE schedules SET zone_rules = '2020a' WHERE doctor_id = ?", [
    binaryId(fixture.doctor.userId),
  ]);
  await sweepSchedules(fixture.app)();
  expect(await texts()).toEqual(["01T09:00 BOOKED", ...FIRST, ...SECOND]);
  const audited = await fixture.app.db.read<{ action: string }>(
    "SELECT action FROM audit_events WHERE resource = ?",
    [`bookings/${booking.id}`],
  );
  expect(audited.map(({ action }) => action)).toContain("schedule.leave_booking_outside");
});

test("patients book with the notice and within the limit that the schedule wants", async () => {
  await put({ ...TUESDAYS, minimumNotice: { seconds: 5400, nanos: 0 }, maxPerDay: 1 });
  const [tooSoon, soon, third] = await slots();
  const booking = (slot: typeof soon) => fixture.book(slot!.id, userCaller("PATIENT"));
  await expect(booking(tooSoon)).rejects.toMatchObject({ reason: "NOTICE_TOO_SHORT" });
  await expect(booking(soon)).rejects.toMatchObject({ reason: "NOTICE_TOO_SHORT" });
  await booking(third);
  const [, , , fourth, nextWeek] = await slots();
  await expect(booking(fourth)).rejects.toMatchObject({ reason: "DOCTOR_FULLY_BOOKED" });
  await booking(nextWeek);
});

test("weeks join without a gap, whenever they begin", async () => {
  // The windows of the job begin and end at 10:15 on Tuesdays, amid a slot.
  fixture.app.clock.advance(75 * 60_000);
  await put(TUESDAYS);
  expect(await texts()).toEqual([...FIRST.slice(1), ...SECOND, "15T10:00 OPEN"]);
  const [booked] = await slots();
  await fixture.book(booked!.id);
  fixture.app.clock.advance(30 * 60_000);
  const { slotsRemoved, bookingsOutside } = await put({ ...TUESDAYS, horizonDays: 13 });
  expect([slotsRemoved, bookingsOutside]).toEqual([1, []]);
  expect(await texts()).toEqual(["01T10:30 BOOKED", ...FIRST.slice(2), ...SECOND]);
});

test("the limit of a day counts by the wall clock of the schedule", async () => {
  // Auckland is 13 hours ahead of UTC, so its Wednesday begins at 11:00 UTC on Tuesday.
  const wednesdays = { startTime: "06:00", endTime: "06:30" };
  const { schedule } = await put({
    ...TUESDAYS,
    timeZone: "Pacific/Auckland",
    weeklyHours: [
      { day: "WEDNESDAY", ...wednesdays },
      { day: "WEDNESDAY", startTime: "16:00", endTime: "16:30" },
    ],
    maxPerDay: 1,
  });
  expect(schedule?.timeZone).toBe("Pacific/Auckland");
  const [morning, afternoon, nextMorning] = await slots();
  expect([morning!.text, afternoon!.text]).toEqual(["01T17:00 OPEN", "02T03:00 OPEN"]);
  await fixture.book(morning!.id, userCaller("PATIENT"));
  const late = fixture.book(afternoon!.id, userCaller("PATIENT"));
  await expect(late).rejects.toMatchObject({ reason: "DOCTOR_FULLY_BOOKED" });
  await fixture.book(nextMorning!.id, userCaller("PATIENT"));
  // A slot that the doctor creates belongs to the day of the schedule's time zone, too.
  const { id } = await fixture.createSlot(16 * 60);
  const own = fixture.book(id, userCaller("PATIENT"));
  await expect(own).rejects.toMatchObject({ reason: "DOCTOR_FULLY_BOOKED" });
});
