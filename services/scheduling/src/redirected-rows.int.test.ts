import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { withBinaryIds } from "@medconnect/platform/testing/with-binary-ids.ts";
import {
  BookingServiceService,
  ListBookingsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { listBookings } from "./bookings/read-bookings.ts";
import { SchedulingFixture } from "./testing/scheduling-fixture.ts";

const ALTERED = { reason: "RECORD_ALTERED" };

let fixture: SchedulingFixture;
beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

/** Writes to the database directly, as an attacker could. */
const write = (sql: string, ...params: SqlScalar[]) => fixture.app.db.write(sql, withBinaryIds(params));

test.each(["PATIENT", "DOCTOR"] as const)(
  "a booking whose row was given to another %s shows them no text, also in lists",
  async (role) => {
    await fixture.createDoctor(0);
    const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
    const attacker = userCaller(role);
    const column = role === "PATIENT" ? "patient_id" : "doctor_id";
    await write(`UPDATE bookings SET ${column} = ? WHERE id = ?`, attacker.userId, booking.id);
    await expect(fixture.read(booking.id, attacker)).rejects.toMatchObject(ALTERED);
    const { listBookings: method } = BookingServiceService;
    const list = invoke(
      method,
      bound(listBookings, fixture.app),
      attacker,
      ListBookingsRequest.fromPartial({}),
    );
    expect((await list).response).toEqual({ bookings: [], nextPageToken: "" });
    const owner = role === "PATIENT" ? fixture.patient : fixture.doctor;
    await write(`UPDATE bookings SET ${column} = ? WHERE id = ?`, owner.userId, booking.id);
    expect((await fixture.read(booking.id, fixture.patient)).reason).toBe("headache");
  },
);

test("cancel and close reasons decrypt for the booking's patient and doctor only", async () => {
  await fixture.createDoctor(0);
  const { response: booking } = await fixture.book((await fixture.createSlot(48 * 60)).id);
  await fixture.cancel(booking.id, fixture.patient, fixture.app, "a rash");
  const attacker = userCaller("PATIENT");
  await write("UPDATE bookings SET reason = NULL, patient_id = ? WHERE id = ?", attacker.userId, booking.id);
  await expect(fixture.read(booking.id, attacker)).rejects.toMatchObject(ALTERED);
  await write("UPDATE bookings SET patient_id = ? WHERE id = ?", fixture.patient.userId, booking.id);
  expect((await fixture.read(booking.id, fixture.patient)).cancelReason).toBe("a rash");
});

const JUNK = Buffer.from("written by hand");

test.each([
  [
    "another booking's reason",
    "reason = (SELECT * FROM (SELECT reason FROM bookings WHERE id <> ? LIMIT 1) other)",
  ],
  ["a random reason", "reason = ?"],
  ["no close reason", "close_outcome = 'COMPLETED', close_time = NOW(3), reason = COALESCE(reason, ?)"],
])("a booking with %s is left out of its owner's list, alone", async (_what, change) => {
  await fixture.createDoctor(0);
  const { response: altered } = await fixture.book((await fixture.createSlot(60)).id);
  const { response: other } = await fixture.book((await fixture.createSlot(120)).id);
  await write(
    `UPDATE bookings SET ${change} WHERE id = ?`,
    change.includes("id <>") ? altered.id : JUNK,
    altered.id,
  );
  await expect(fixture.read(altered.id, fixture.patient)).rejects.toMatchObject(ALTERED);
  const { listBookings: method } = BookingServiceService;
  for (const reader of [fixture.patient, fixture.doctor]) {
    const request = ListBookingsRequest.fromPartial({});
    const { response } = await invoke(method, bound(listBookings, fixture.app), reader, request);
    expect(response.bookings.map(({ id }) => id)).toEqual([other.id]);
  }
});
