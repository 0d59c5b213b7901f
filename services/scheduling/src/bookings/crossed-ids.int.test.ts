import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { Inbox } from "@medconnect/platform/inbox/inbox.ts";
import { invoke } from "@medconnect/platform/testing/test-service.ts";
import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { consumersOf } from "../consumers.ts";
import { HOLD_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { findBooking } from "./booking-store.ts";

let fixture: SchedulingFixture;
beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  fixture.renewPeople();
  await fixture.createDoctor(5000);
});

const victims = async () => (await fixture.book((await fixture.createSlot(60)).id)).response;

async function deliver(name: string, event: Parameters<typeof Event.fromPartial>[0]): Promise<string[]> {
  const { app } = fixture;
  const inbox = new Inbox(app.transactions, consumersOf(app), app, app.log);
  const sent = Event.fromPartial({ id: newId(), version: 5, occurTime: app.clock.now(), ...event });
  const sender = { kind: "service", name } as const;
  const { deliverEvents: method } = EventServiceService;
  const { response } = await invoke(method, inbox.deliverEvents, sender, { events: [sent] });
  return response.failures.map(({ reason }) => reason);
}

test.each(["payment.authorized", "payment.cancelled"])(
  "%s of another booking's payment does not change a booking",
  async (type) => {
    const { id: bookingId } = await victims();
    if (type === "payment.cancelled") fixture.app.clock.advance(HOLD_MS);
    const before = await findBooking(fixture.app.db, bookingId);
    const event = { type, aggregateId: newId(), state: { $case: "payment", value: { bookingId } } } as const;
    expect(await deliver("billing", event)).toEqual(["RECORD_ALTERED"]);
    expect(await findBooking(fixture.app.db, bookingId)).toEqual(before);
  },
);

test.each(["joined", "started", "overdue", "completed", "no_show", "abandoned"])(
  "consultation.%s of another booking's consultation does not change a booking",
  async (end) => {
    const { id: bookingId, startTime, endTime } = await victims();
    await fixture.paymentAuthorized(bookingId);
    const before = await findBooking(fixture.app.db, bookingId);
    const consultation = { bookingId, startTime, endTime, noShowParty: "PATIENT" } as const;
    const event = {
      type: `consultation.${end}`,
      aggregateId: newId(),
      state: { $case: "consultation", value: consultation },
    } as const;
    expect(await deliver("clinical", event)).toEqual(["RECORD_ALTERED"]);
    expect(await findBooking(fixture.app.db, bookingId)).toEqual(before);
  },
);
