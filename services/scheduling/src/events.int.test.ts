import { afterAll, beforeAll, beforeEach } from "@jest/globals";
import { testEvents } from "@medconnect/platform/testing/event-tests.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { EVENT_ROUTES } from "./app.ts";
import { sweepHolds } from "./bookings/expire-bookings.ts";
import { HOLD_MS, MINUTE_MS, SchedulingFixture } from "./testing/scheduling-fixture.ts";

/** Beyond the time in which a patient can no longer move a booking. */
const START_MINUTES = 25 * 60;
const LATER_MINUTES = START_MINUTES + 60;

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open(EVENT_ROUTES);
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

async function booked(amountMinor: number) {
  await desk.publish(amountMinor);
  return (await desk.book((await desk.offer(START_MINUTES)).id)).response;
}

const free = () => booked(0);
const held = () => booked(5000);

async function paid() {
  const { id } = await held();
  await desk.authorized(id);
  return await desk.read(id);
}

async function expired() {
  const booking = await held();
  desk.app.clock.advance(HOLD_MS);
  await sweepHolds(desk.app)();
  return booking;
}

const movedBy = async (by: typeof desk.patient) => {
  const { id } = await free();
  return (await desk.reschedule(id, (await desk.offer(LATER_MINUTES)).id, by)).response;
};

testEvents(
  EVENT_ROUTES,
  {
    "booking.held": held,
    "booking.confirmed": free,
    "booking.rescheduled": () => movedBy(desk.patient),
    "booking.move_accepted": async () => desk.accept(await movedBy(desk.doctor)),
    "booking.cancelled": async () => desk.cancel((await free()).id, desk.patient),
    "booking.closed": async () => {
      const { id } = await paid();
      desk.app.clock.advance(LATER_MINUTES * MINUTE_MS);
      await desk.closeAs(id, "COMPLETED");
    },
    "booking.fee_decided": async () => desk.tell("consultation.no_show", await paid(), "PATIENT"),
    "booking.expired": expired,
    "booking.payment_refused": async () => {
      const { id, slotId } = await expired();
      await desk.book(slotId, userCaller("PATIENT"));
      await desk.authorized(id);
    },
    "doctor.licensed": () => desk.publish(0),
    "license.decided": () => desk.publish(0),
  },
  () => desk.app.db,
);
