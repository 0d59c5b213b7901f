import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import { testEvents } from "@medconnect/platform/testing/event-tests.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { EVENT_ROUTES } from "./app.ts";
import { sweepHolds } from "./bookings/expire-bookings.ts";
import { HOLD_MS, MINUTE_MS, SchedulingFixture } from "./testing/scheduling-fixture.ts";

/**
 * Minutes until the start of a booking, before and after its move: far enough ahead for the patient to move
 * the booking.
 */
const START_MINUTES = 25 * 60;
const LATER_MINUTES = START_MINUTES + 60;

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open(EVENT_ROUTES);
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

async function booked(amountMinor: number) {
  await fixture.createDoctor(amountMinor);
  return (await fixture.book((await fixture.createSlot(START_MINUTES)).id)).response;
}

const free = () => booked(0);
const held = () => booked(5000);

async function paid() {
  const { id } = await held();
  await fixture.paymentAuthorized(id);
  return await fixture.read(id);
}

async function expired() {
  const booking = await held();
  fixture.app.clock.advance(HOLD_MS);
  await sweepHolds(fixture.app)();
  return booking;
}

const movedBy = async (by: typeof fixture.patient) => {
  const { id } = await free();
  return (await fixture.reschedule(id, (await fixture.createSlot(LATER_MINUTES)).id, by)).response;
};

testEvents(
  EVENT_ROUTES,
  {
    "booking.held": held,
    "booking.confirmed": free,
    "booking.rescheduled": () => movedBy(fixture.patient),
    "booking.move_accepted": async () => fixture.accept(await movedBy(fixture.doctor)),
    "booking.cancelled": async () => fixture.cancel((await free()).id, fixture.patient),
    "booking.closed": async () => {
      const { id } = await paid();
      fixture.app.clock.advance(LATER_MINUTES * MINUTE_MS);
      await fixture.closeBooking(id, "COMPLETED");
    },
    "booking.fee_decided": async () =>
      fixture.consultationEvent("consultation.no_show", await paid(), "PATIENT"),
    "booking.expired": expired,
    "booking.payment_refused": async () => {
      const { id, slotId } = await expired();
      await fixture.book(slotId, userCaller("PATIENT"));
      await fixture.paymentAuthorized(id);
    },
    "doctor.licensed": () => fixture.createDoctor(0),
    "license.decided": () => fixture.createDoctor(0),
  },
  () => fixture.app.db,
);
