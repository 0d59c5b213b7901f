import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { applyEvent } from "@medconnect/platform/inbox/event-handler.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import {
  BookingServiceService,
  CreateBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import {
  CreateLicenseRequest,
  LicenseServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { applyUserEvents } from "../accounts/apply-user-events.ts";
import { createLicense } from "../licenses/create-license.ts";
import { HOLD_MS, outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { bookSlot } from "./book-slot.ts";

/**
 * Number of bookings that are requested at once. The first is written alone. The other 24, which share one
 * transaction, are two for each of the 12 combinations of cases.
 */
const WISHES = 25;

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());

/** Creates a new patient, and applies auth's event about the account. */
async function patientOf(region: string, fullName: string) {
  const patient = userCaller("PATIENT");
  const user = { fullName, role: "PATIENT", disabled: false, region } as const;
  const event = Event.fromPartial({
    aggregateId: patient.userId,
    version: 1,
    state: { $case: "user", value: user },
  });
  await fixture.app.transactions.run("service:auth", (tx) =>
    applyEvent(tx, applyUserEvents(fixture.app), event, fixture.app.businessClock),
  );
  return patient;
}

/**
 * Prepares the `n`-th request to book. The doctor is licensed in US-CA. Depending on `n`, the doctor is also
 * licensed in Germany, the slot has a fee, and another patient's hold of the slot ends before the request.
 */
async function prepare(n: number) {
  fixture.renewPeople();
  const isPaid = n % 2 === 1;
  await fixture.createDoctor(isPaid ? 5000 : 0);
  const isGerman = n % 3 === 0;
  if (isGerman) {
    const { createLicense: method } = LicenseServiceService;
    const license = { doctorId: fixture.doctor.userId, number: `N${newId().slice(-12)}`, region: "DE" };
    const request = CreateLicenseRequest.fromPartial(license);
    await fixture.verify(
      (await invoke(method, bound(createLicense, fixture.app), fixture.doctor, request)).response.id,
    );
  }
  const slot = await fixture.createSlot(24 * 60);
  const hold =
    n % 4 === 1 ? (await fixture.book(slot.id, userCaller("PATIENT"), newId())).response.id : undefined;
  const profile = ["US-CA", "DE-BY", "FR", ""][n % 4]!;
  const stated = ["", "", "US-CA", "DE"][n % 4]!;
  const region = stated || profile;
  return {
    slotId: slot.id,
    doctorId: fixture.doctor.userId,
    isPaid,
    hold,
    stated,
    region,
    isAllowed: region === "US-CA" || isGerman,
    name: `Paula ${n}`,
    reason: `reason ${n}`,
    patient: await patientOf(profile, `Paula ${n}`),
  };
}

test("each request of a group gets its own booking or its own refusal", async () => {
  const wishes: Awaited<ReturnType<typeof prepare>>[] = [];
  for (let n = 0; n < WISHES; n++) wishes.push(await prepare(n));
  fixture.app.clock.advance(HOLD_MS);
  const book = bound(bookSlot, { ...fixture.app, jurisdiction: "enforced" });
  const results = await Promise.allSettled(
    wishes.map(({ slotId, stated: patientRegion, reason, patient }) => {
      const sent = { slotId, patientRegion, reason, idempotencyKey: newId() };
      const { createBooking } = BookingServiceService;
      return invoke(createBooking, book, patient, CreateBookingRequest.fromPartial(sent));
    }),
  );
  expect(results.map(outcome)).toEqual(
    wishes.map(({ isAllowed }) => (isAllowed ? "ok" : "NOT_LICENSED_IN_REGION")),
  );
  for (const [i, result] of results.entries()) {
    if (result.status === "rejected") continue;
    const wish = wishes[i]!;
    const { response } = result.value;
    const { id, holdExpireTime = null } = response;
    const shown = {
      slotId: wish.slotId,
      doctorId: wish.doctorId,
      patientId: wish.patient.userId,
      patientName: wish.name,
      patientRegion: wish.region,
      reason: wish.reason,
      status: wish.isPaid ? "PENDING_PAYMENT" : "CONFIRMED",
    };
    expect(response).toMatchObject(shown);
    expect(await fixture.read(id, wish.patient)).toMatchObject(shown);
    const sql =
      "SELECT status, booking_id AS bookingId, hold_expire_time AS holdExpireTime FROM slots WHERE id = ?";
    expect(await fixture.app.db.read(sql, [binaryId(wish.slotId)])).toEqual([
      { status: wish.isPaid ? "HELD" : "BOOKED", bookingId: id, holdExpireTime },
    ]);
    if (wish.hold === undefined) continue;
    const ended = "SELECT status FROM bookings WHERE id = ?";
    expect(await fixture.app.db.read(ended, [binaryId(wish.hold)])).toEqual([{ status: "EXPIRED" }]);
  }
});
