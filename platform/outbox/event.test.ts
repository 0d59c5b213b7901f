import { expect, test } from "@jest/globals";
import { BookingState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { deliveriesOf, type NewEvent } from "./event.ts";

const CONFIRMED: NewEvent = {
  type: "booking.confirmed",
  aggregateId: "01a1c4f2-7e42-7d7c-9d0e-3c1c8f3b1a52",
  version: 1,
  state: { $case: "booking", value: BookingState.create() },
};

test("an event has a delivery for each destination", () => {
  const deliveries = deliveriesOf([CONFIRMED], { "booking.confirmed": ["billing", "clinical"] }, new Date(0));
  expect(deliveries.map(({ destination }) => destination)).toEqual(["billing", "clinical"]);
  expect(deliveries.map(({ event }) => event.state)).toEqual([CONFIRMED.state, CONFIRMED.state]);
});

test("an event's type names its state", () => {
  // @ts-expect-error: the state is a booking's.
  const wrong: NewEvent = { ...CONFIRMED, type: "payment.authorized" };
  expect(wrong).toBeDefined();
});
