import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { getBookingStats } from "./booking-stats.ts";
import { listBookings } from "./read-bookings.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

test("an admin sees no reasons, and a doctor's reading of one is audited", async () => {
  await fixture.createDoctor(0);
  const slot = await fixture.createSlot(60);
  const { response: booking } = await fixture.book(slot.id);
  expect((await fixture.read(booking.id, userCaller("ADMIN"))).reason).toBe("");
  expect((await fixture.read(booking.id, fixture.doctor)).reason).toBe("headache");
  expect(await fixture.readsBy(fixture.doctor)).toBe(1);
});

test("a repeated response is audited as a read, because it shows the reason", async () => {
  await fixture.createDoctor(0);
  const to = await fixture.createSlot(50 * 60);
  const { response: booking } = await fixture.book((await fixture.createSlot(48 * 60)).id);
  const [moving, cancelling] = [newId(), newId()];
  for (let i = 0; i < 2; i++) await fixture.reschedule(booking.id, to.id, fixture.doctor, moving);
  expect(await fixture.readsBy(fixture.doctor)).toBe(1);
  for (let i = 0; i < 3; i++)
    await fixture.cancel(booking.id, fixture.doctor, fixture.app, "flu", cancelling);
  expect(await fixture.readsBy(fixture.doctor)).toBe(3);
});

test("a repeated response shows no later changes, and is audited as a read", async () => {
  await fixture.createDoctor(0);
  const slot = await fixture.createSlot(48 * 60);
  const { response: booking } = await fixture.book(slot.id, fixture.patient, newId(), fixture.app, "");
  const [to, key] = [await fixture.createSlot(50 * 60), newId()];
  await fixture.reschedule(booking.id, to.id, fixture.doctor, key);
  await fixture.cancel(booking.id, fixture.patient, fixture.app, "a rash");
  const { response: again } = await fixture.reschedule(booking.id, to.id, fixture.doctor, key);
  expect(again.cancelReason).toBeUndefined();
  expect(await fixture.readsBy(fixture.doctor)).toBe(1);
});

test("a repeated cancellation or move is audited as a read by its doctor or admin", async () => {
  await fixture.createDoctor(0);
  const admin = userCaller("ADMIN");
  const to = await fixture.createSlot(50 * 60);
  const { response: moved } = await fixture.book((await fixture.createSlot(48 * 60)).id);
  for (const reads of [0, 1, 2]) {
    expect((await fixture.reschedule(moved.id, to.id, fixture.doctor)).response.reason).toBe("headache");
    expect(await fixture.readsBy(fixture.doctor)).toBe(reads);
  }
  const slot = await fixture.createSlot(60);
  for (const by of [fixture.doctor, admin, fixture.patient]) {
    const { response: booking } = await fixture.book(slot.id);
    const before = await fixture.readsBy(by);
    await fixture.cancel(booking.id, by);
    expect(await fixture.readsBy(by)).toBe(before);
    await fixture.cancel(booking.id, by);
    expect(await fixture.readsBy(by)).toBe(by === fixture.patient ? before : before + 1);
  }
});

test("a doctor's read of a booking is audited, with and without a reason", async () => {
  await fixture.createDoctor(0);
  const { response: booking } = await fixture.book(
    (await fixture.createSlot(60)).id,
    fixture.patient,
    newId(),
    fixture.app,
    "",
  );
  await fixture.read(booking.id, fixture.doctor);
  expect(await fixture.readsBy(fixture.doctor)).toBe(1);
  await fixture.cancel(booking.id, fixture.patient, fixture.app, "a rash");
  expect((await fixture.read(booking.id, fixture.doctor)).cancelReason).toBe("a rash");
  expect(await fixture.readsBy(fixture.doctor)).toBe(2);
});

test("reasons are encrypted in the database", async () => {
  await fixture.createDoctor(0);
  const { response } = await fixture.book((await fixture.createSlot(60)).id);
  const [row] = await fixture.app.db.read<{ reason: Buffer }>("SELECT reason FROM bookings WHERE id = ?", [
    binaryId(response.id),
  ]);
  expect(row!.reason.includes("headache")).toBe(false);
});

test("pages list every booking once", async () => {
  await fixture.createDoctor(0);
  const slots = [];
  for (let i = 0; i < 7; i++) slots.push(await fixture.createSlot(60 + i * 30));
  const { app } = fixture;
  const unlimited = { ...app, bookingLimits: { holds: 0, bookings: 0, bookingsPerDoctor: 0 } };
  for (const slot of slots) await fixture.book(slot.id, fixture.patient, newId(), unlimited);
  const list = async (pageToken: string, status: "CONFIRMED" | "CANCELLED" = "CONFIRMED") =>
    (
      await invoke(BookingServiceService.listBookings, bound(listBookings, fixture.app), fixture.patient, {
        pageSize: 3,
        pageToken,
        status,
        doctorId: "",
        patientId: "",
        startTime: undefined,
        endTime: undefined,
      })
    ).response;
  const seen: string[] = [];
  let token = "";
  do {
    const page = await list(token);
    seen.push(...page.bookings.map((booking) => booking.slotId));
    token = page.nextPageToken;
    if (token) await expect(list(token, "CANCELLED")).rejects.toMatchObject({ reason: "INVALID_PAGE_TOKEN" });
  } while (token);
  expect(seen).toEqual(slots.map((slot) => slot.id).reverse());
});

test("fifty calls for figures share one count on their own connections", async () => {
  const [scans, reads] = [jest.spyOn(fixture.app.db, "scan"), jest.spyOn(fixture.app.db, "read")];
  const figures = bound(getBookingStats, fixture.app);
  const read = () => invoke(BookingServiceService.getBookingStats, figures, fixture.admin, {});
  await Promise.all(Array.from({ length: 50 }, read));
  expect([scans.mock.calls.length, reads.mock.calls.length]).toEqual([2, 0]);
  jest.restoreAllMocks();
});
