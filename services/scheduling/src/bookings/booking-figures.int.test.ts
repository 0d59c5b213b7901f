import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { countedFigures, migratedFigures } from "@medconnect/platform/testing/daily-figures.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { HOLD_MS, MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { sweepHolds } from "./expire-bookings.ts";

const DAY_MINUTES = 24 * 60;
const MIGRATION = join(import.meta.dirname, "../../migrations/0002_earlier_figures.sql");

let fixture: SchedulingFixture;
beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());

let slots = 0;
/** Books a new slot of the fixture's doctor for a new patient. Slots are an hour apart. */
const book = async (startMinutes = 2 * DAY_MINUTES): Promise<Booking> => {
  const slot = await fixture.createSlot(startMinutes + 60 * slots++);
  fixture.patient = userCaller("PATIENT");
  return (await fixture.book(slot.id)).response;
};
const paid = async (startMinutes?: number): Promise<Booking> => {
  const booking = await book(startMinutes);
  await fixture.paymentAuthorized(booking.id);
  return booking;
};

/** Lets bookings of the fixture's paid doctor reach every status, in every way. */
async function liveThrough(): Promise<void> {
  const { app } = fixture;
  const byPatient = await paid();
  await fixture.cancel(byPatient.id, fixture.patient);
  const repeated = await fixture.cancel(byPatient.id, fixture.patient);
  expect(repeated.response.status).toBe("CANCELLED");
  await fixture.cancel((await book()).id, fixture.patient);
  await fixture.cancel((await paid()).id, fixture.doctor);
  await fixture.cancel((await paid()).id, fixture.admin);
  await fixture.consultationEvent("consultation.completed", await paid());
  await fixture.consultationEvent("consultation.no_show", await paid(), "PATIENT");
  await fixture.consultationEvent("consultation.abandoned", await paid());

  // Closed as a no-show, until scheduling learns that the consultation took place.
  const closed = await paid(60);
  app.clock.advance((DAY_MINUTES + 60 * slots) * MINUTE_MS);
  await fixture.closeBooking(closed.id, "NO_SHOW_PATIENT");
  await fixture.consultationEvent("consultation.completed", closed);

  const swept = await book();
  const rebooked = await book();
  const late = await book();
  app.clock.advance(HOLD_MS);
  await fixture.book(rebooked.slotId, userCaller("PATIENT"));
  await sweepHolds(app)();
  await fixture.paymentAuthorized(late.id);
  expect((await fixture.read(swept.id, fixture.admin)).status).toBe("EXPIRED");
}

test("each change of a booking counts once on its day, and the migration finds the same figures", async () => {
  await fixture.createDoctor(5000);
  await liveThrough();
  fixture.renewPeople();
  await fixture.createDoctor(0);
  const free = await book();
  await expect(fixture.book(free.slotId, userCaller("PATIENT"))).rejects.toMatchObject({
    reason: "SLOT_UNAVAILABLE",
  });

  const counted = await countedFigures(fixture.app.db);
  expect(counted).toEqual([
    "2030-01-01 BOOKINGS_CANCELLED ADMIN 1",
    "2030-01-01 BOOKINGS_CANCELLED DOCTOR 2",
    "2030-01-01 BOOKINGS_CANCELLED PATIENT 2",
    "2030-01-01 BOOKINGS_CONFIRMED 7",
    "2030-01-01 BOOKINGS_CREATED 8",
    "2030-01-01 BOOKINGS_NO_SHOW 1",
    "2030-01-02 BOOKINGS_CONFIRMED 2",
    "2030-01-02 BOOKINGS_CREATED 5",
    "2030-01-02 BOOKINGS_EXPIRED 2",
  ]);
  expect(await migratedFigures(fixture.app.db, MIGRATION)).toEqual(counted);
});
