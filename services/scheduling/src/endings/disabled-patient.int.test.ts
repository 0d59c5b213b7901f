import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { sweepBookingsOfPatients } from "./end-bookings-of-patient.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const NO_LIMITS = { holds: 0, bookings: 0, bookingsPerDoctor: 0 };
const BOOKINGS = 103;

/**
 * Creates more bookings of the patient than the first batch cancels. The limits on a patient's bookings are
 * turned off.
 */
async function bookMany(): Promise<string[]> {
  await fixture.createDoctor(0);
  const ids: string[] = [];
  const app = { ...fixture.app, bookingLimits: NO_LIMITS };
  for (let i = 0; i < BOOKINGS; i++) {
    const slot = await fixture.createSlot(60 + 30 * i);
    ids.push((await fixture.book(slot.id, fixture.patient, newId(), app)).response.id);
  }
  return ids;
}

const account = (disabled: boolean) => fixture.accountEvent(fixture.patient, { disabled, role: "PATIENT" });

const live = async () => {
  const sql = "SELECT 1 FROM bookings WHERE patient_id = ? AND status = 'CONFIRMED'";
  return (await fixture.app.db.read(sql, [binaryId(fixture.patient.userId)])).length;
};

test("a first batch of a disabled patient's bookings ends at once, and the sweep ends the rest", async () => {
  const [first] = await bookMany();
  await account(true);
  expect(await live()).toBe(BOOKINGS - 100);
  await sweepBookingsOfPatients(fixture.app)();
  expect(await live()).toBe(0);
  expect(await fixture.read(first!, fixture.doctor)).toMatchObject({
    status: "CANCELLED",
    cancelledBy: "ADMIN",
    cancelReason: "The patient's account was disabled.",
  });
  const ending = "SELECT 1 FROM people WHERE bookings_ending";
  expect(await fixture.app.db.read(ending)).toEqual([]);
});

test("the sweep skips a patient who was enabled again", async () => {
  await bookMany();
  await account(true);
  await account(false);
  await sweepBookingsOfPatients(fixture.app)();
  expect(await live()).toBe(BOOKINGS - 100);
});
