// A doctor's hours are changed and taken back while patients book: bookings stay, and slots never overlap.
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ReplaceScheduleRequest,
  type Schedule,
  ScheduleServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import type { Scheduling } from "../app.ts";
import { findOverlap } from "../slots/slot-rules.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { sweepSchedules } from "./make-slots.ts";
import { replaceSchedule } from "./replace-schedule.ts";

const ROUNDS = Number(process.env.CONTENTION_ROUNDS ?? 4);
/** Five times the two seconds that a change of a year may take, for slow machines. */
const SLOW_MS = 10_000;
const WORKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"] as const;

let fixture: SchedulingFixture;
/** Instances of scheduling that share a database, like processes. */
let processes: [Scheduling, Scheduling];

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  processes = [{ ...fixture.app }, { ...fixture.app }];
});
afterAll(() => fixture.close());
beforeEach(async () => {
  fixture.renewPeople();
  await fixture.createDoctor(0);
});

/** Hours whose slots overlap those of other start times. */
const hoursFrom = (startTime: string, horizonDays: number): Partial<Schedule> => ({
  timeZone: "America/New_York",
  weeklyHours: WORKDAYS.map((day) => ({ day, startTime, endTime: "17:00" })),
  slotLength: { seconds: 1800, nanos: 0 },
  horizonDays,
});

async function put(schedule: Partial<Schedule>, app: Scheduling = fixture.app) {
  const request = ReplaceScheduleRequest.fromPartial({ doctorId: fixture.doctor.userId, schedule });
  const { replaceSchedule: method } = ScheduleServiceService;
  return (await invoke(method, bound(replaceSchedule, app), fixture.doctor, request)).response;
}

interface Row {
  id: string;
  startTime: Date;
  endTime: Date;
  status: string;
  bookingId: string | null;
}

const slots = (): Promise<Row[]> =>
  fixture.app.db.read<Row>(
    `SELECT id, start_time AS startTime, end_time AS endTime, status, booking_id AS bookingId FROM slots
     WHERE doctor_id = ? AND status <> 'WITHDRAWN' ORDER BY start_time`,
    [binaryId(fixture.doctor.userId)],
  );

test.each(Array.from({ length: ROUNDS }, (_, i) => i))("bookings and changes at once, round %i", async () => {
  await put(hoursFrom("09:00", 21));
  const offered = await slots();
  const changes = ["09:15", "09:00", "09:20", "10:00"];
  const [booked] = await Promise.all([
    Promise.allSettled(
      offered
        .filter((_, i) => i % 3 === 0)
        .map(({ id }, i) => fixture.book(id, userCaller("PATIENT"), undefined, processes[i % 2])),
    ),
    (async () => {
      for (const [i, start] of changes.entries()) await put(hoursFrom(start, 21), processes[i % 2]);
    })(),
    ...processes.map((app) => sweepSchedules(app)()),
  ]);
  await sweepSchedules(fixture.app)();

  const rows = await slots();
  expect(findOverlap(rows)).toBeUndefined();
  const bookings = booked.flatMap((result) => (result.status === "fulfilled" ? result.value.response : []));
  expect(rows.filter(({ status }) => status === "BOOKED").map(({ bookingId }) => bookingId)).toEqual(
    bookings.toSorted((a, b) => a.startTime!.getTime() - b.startTime!.getTime()).map(({ id }) => id),
  );
  const refusals = booked.map(outcome).filter((word) => word !== "ok");
  expect(refusals.filter((reason) => reason !== "SLOT_UNAVAILABLE" && reason !== "NOT_FOUND")).toEqual([]);
});

test("a year of hours is put, changed and taken back within seconds", async () => {
  for (const hours of [
    hoursFrom("09:00", 366),
    hoursFrom("09:15", 366),
    { ...hoursFrom("09:15", 366), weeklyHours: [] },
  ]) {
    const begin = performance.now();
    const { slotsAdded } = await put(hours);
    await sweepSchedules(fixture.app)();
    const ms = performance.now() - begin;
    const count = hours.weeklyHours?.length === 0 ? 0 : slotsAdded;
    expect(await slots()).toHaveLength(count);
    expect(ms).toBeLessThan(SLOW_MS);
  }
});

test("many replacements at once all succeed", async () => {
  const starts = Array.from({ length: 24 }, (_, i) => `09:${String(i).padStart(2, "0")}`);
  const results = await Promise.allSettled(
    starts.map((start, i) => put({ ...hoursFrom(start, 30), maxPerDay: i + 1 }, processes[i % 2])),
  );
  expect(results.map(outcome)).toEqual(starts.map(() => "ok"));
  await sweepSchedules(fixture.app)();
  expect(findOverlap(await slots())).toBeUndefined();
});
