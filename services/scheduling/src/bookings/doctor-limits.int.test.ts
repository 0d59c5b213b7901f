// A doctor's limits of bookings a day and a week are exact, however many patients book at once.
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import type { Scheduling } from "../app.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";

const DAY = 24 * 60;
const LIMIT = 5;

let fixture: SchedulingFixture;
/** Instances of scheduling that share a database, like processes. */
let processes: Scheduling[];

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  processes = Array.from({ length: 3 }, () => ({ ...fixture.app }));
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const limit = (column: "max_per_day" | "max_per_week", value: number) =>
  fixture.app.db.write(`UPDATE doctors SET ${column} = ? WHERE id = ?`, [
    value,
    binaryId(fixture.doctor.userId),
  ]);

/** Ids of new slots, an hour each. */
async function slots(startMinutes: number[]): Promise<string[]> {
  const ids: string[] = [];
  for (const start of startMinutes) ids.push((await fixture.createSlot(start)).id);
  return ids;
}

const bookAll = async (ids: string[]) =>
  (
    await Promise.allSettled(
      ids.map((id, i) => fixture.book(id, userCaller("PATIENT"), undefined, processes[i % processes.length])),
    )
  ).map(outcome);

// The fixture's clock is at 09:00 UTC of 2030-01-01, a Tuesday.
const HOURS = Array.from({ length: 14 }, (_, i) => i + 1);
const ONE_DAY = HOURS.map((hour) => hour * 60);
const ONE_WEEK = [0, 1, 2, 3, 4, 5].flatMap((day) => [day * DAY + 60, day * DAY + 120]);
const NEXT_WEEK = [6, 7, 8].map((day) => day * DAY + 60);

test.each([
  ["free", 0, "max_per_day", ONE_DAY, [DAY + 60]],
  ["paid", 5000, "max_per_day", ONE_DAY, [DAY + 60]],
  ["free", 0, "max_per_week", ONE_WEEK, NEXT_WEEK],
] as const)("%s bookings (%i) at once, %s", async (_name, fee, column, minutes, others) => {
  await fixture.createDoctor(fee);
  await limit(column, LIMIT);
  const ids = await slots([...minutes]);
  const other = await slots([...others]);
  const results = await bookAll(ids);
  expect(results.filter((word) => word === "ok")).toHaveLength(LIMIT);
  expect(results.filter((word) => word === "DOCTOR_FULLY_BOOKED")).toHaveLength(ids.length - LIMIT);
  expect(await bookAll(other)).toEqual(other.map(() => "ok"));
});

test("a booking that ends makes room, and a move within the day needs none", async () => {
  await fixture.createDoctor(0);
  await limit("max_per_day", 1);
  const [first, second, third] = await slots([4 * DAY, 4 * DAY + 60, 4 * DAY + 120]);
  const { response: booking } = await fixture.book(first!);
  expect(await bookAll([third!])).toEqual(["DOCTOR_FULLY_BOOKED"]);
  await fixture.reschedule(booking.id, second!, fixture.patient);
  await fixture.cancel(booking.id, fixture.patient);
  expect(await bookAll([third!])).toEqual(["ok"]);
});

test("the doctor's own rules do not bind the doctor", async () => {
  await fixture.createDoctor(0);
  const [first, second, third] = await slots([4 * DAY, 5 * DAY, 5 * DAY + 60]);
  const { response: booking } = await fixture.book(first!);
  await fixture.book(second!, userCaller("PATIENT"));
  await limit("max_per_day", 1);
  const move = (by: typeof fixture.doctor) => fixture.reschedule(booking.id, third!, by);
  await expect(move(fixture.patient)).rejects.toMatchObject({ reason: "DOCTOR_FULLY_BOOKED" });
  await move(fixture.doctor);
});
