import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Job } from "@medconnect/platform/jobs/jobs.ts";
import { type JobCase, testJobs } from "@medconnect/platform/testing/job-tests.ts";
import { Schedule } from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import { sweepHolds } from "./bookings/expire-bookings.ts";
import { jobsOf } from "./jobs.ts";
import { reconcileRegularly } from "./reconciliation/reconcile-regularly.ts";
import type { Snapshots } from "./reconciliation/snapshots.ts";
import { replaceSchedule } from "./schedules/schedule-store.ts";
import { HOLD_MS, MINUTE_MS, SchedulingFixture } from "./testing/scheduling-fixture.ts";

const NO_SNAPSHOTS: Snapshots = { payments: async () => new Map(), consultations: async () => new Map() };
const INTERVALS = { HOLD_SWEEP: MINUTE_MS, RECONCILE_EVERY: MINUTE_MS, RECONCILE_GRACE: 0 };
const START_MINUTES = 60;

let fixture: SchedulingFixture;
let jobs: Job[];

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  jobs = jobsOf(fixture.app, INTERVALS, NO_SNAPSHOTS);
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const held = async () => {
  await fixture.createDoctor(5000);
  return (await fixture.book((await fixture.createSlot(START_MINUTES)).id)).response;
};

const cases: Record<string, JobCase> = {
  "sweep holds": async () => {
    const { id } = await held();
    fixture.app.clock.advance(HOLD_MS);
    return async () => (await fixture.outboxTypes(id)).includes("booking.expired");
  },
  "erase reasons": async () => {
    const { id } = await held();
    fixture.app.clock.advance(HOLD_MS);
    await sweepHolds(fixture.app)();
    fixture.app.clock.advance(START_MINUTES * MINUTE_MS);
    return async () => (await fixture.read(id)).reason === "";
  },
  "cancel unlicensed bookings": async () => {
    await fixture.createDoctor(0);
    const { id } = (await fixture.book((await fixture.createSlot(START_MINUTES)).id)).response;
    const revoked = "UPDATE doctors SET licensed_until = NULL, licensing_change_time = ? WHERE id = ?";
    await fixture.app.db.write(revoked, [fixture.at(0), binaryId(fixture.doctor.userId)]);
    return async () => (await fixture.read(id)).status === "CANCELLED";
  },
  "cancel bookings of disabled patients": async () => {
    await fixture.createDoctor(0);
    const { id } = (await fixture.book((await fixture.createSlot(START_MINUTES)).id)).response;
    // Sets the state of a disabled patient whose booking was not in the first batch of cancellations.
    const marked = "UPDATE people SET disabled = TRUE, bookings_ending = TRUE WHERE user_id = ?";
    await fixture.app.db.write(marked, [binaryId(fixture.patient.userId)]);
    return async () => (await fixture.read(id)).status === "CANCELLED";
  },
  "withdraw slots of disabled doctors": async () => {
    await fixture.createDoctor(0);
    const { id } = await fixture.createSlot(START_MINUTES);
    const hidden = "UPDATE doctors SET hidden = TRUE, licensing_change_time = ? WHERE id = ?";
    await fixture.app.db.write(hidden, [fixture.at(0), binaryId(fixture.doctor.userId)]);
    return async () => (await fixture.slotStatus(id)) === "WITHDRAWN";
  },
  "make slots of schedules": async () => {
    await fixture.createDoctor(0);
    const hours = Schedule.fromPartial({
      timeZone: "UTC",
      weeklyHours: [{ day: "FRIDAY", startTime: "10:00", endTime: "11:00" }],
      slotLength: { seconds: 3600 },
      horizonDays: 14,
    });
    const [now, doctorId] = [fixture.at(0), fixture.doctor.userId];
    const stored = { schedule: hours, version: 1, slotsUntil: now, staleUntil: now };
    await fixture.app.db.transaction(async (tx) => replaceSchedule(tx, doctorId, stored, now));
    const sql = "SELECT 1 FROM slots WHERE doctor_id = ?";
    return async () => (await fixture.app.db.read(sql, [binaryId(doctorId)])).length > 0;
  },
  "refresh the search index": async () => {
    await fixture.createDoctor(0);
    const id = binaryId(fixture.doctor.userId);
    await fixture.app.db.write("UPDATE doctors SET display_name = 'Renata' WHERE id = ?", [id]);
    const sql = "SELECT 1 FROM doctor_words WHERE doctor_id = ? AND word = 'renata'";
    return async () => (await fixture.app.db.read(sql, [id])).length > 0;
  },
  // Billing has no payment for this booking, so reconciliation sends the booking's event again.
  "reconcile bookings": async () => {
    const { id } = await held();
    // This is the state of the outbox if the events of the booking were lost.
    await fixture.app.db.write("DELETE FROM outbox WHERE aggregateid = ?", [id]);
    fixture.app.clock.advance(1);
    return async () => (await fixture.outboxTypes(id)).includes("booking.held");
  },
};

testJobs(cases, () => jobs);

test("RECONCILE_EVERY = 0 turns reconciliation off", () => {
  const names = jobsOf(fixture.app, { ...INTERVALS, RECONCILE_EVERY: 0 }, NO_SNAPSHOTS).map(
    ({ name }) => name,
  );
  expect(names).not.toContain("reconcile bookings");
});

test("the sweep of holds stops when its process is aborted", async () => {
  await expect(sweepHolds(fixture.app)(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});

test("reconciliation stops when its process is aborted", async () => {
  const compare = reconcileRegularly(fixture.app, NO_SNAPSHOTS, 0);
  await expect(compare(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});
