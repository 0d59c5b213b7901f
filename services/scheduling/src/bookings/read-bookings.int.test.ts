import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { BookingServiceService } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { getBookingStats } from "./booking-stats.ts";
import { listBookings } from "./read-bookings.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

test("an admin sees no reasons, and a doctor's reading of one is audited", async () => {
  await desk.publish(0);
  const slot = await desk.offer(60);
  const { response: booking } = await desk.book(slot.id);
  expect((await desk.read(booking.id, userCaller("ADMIN"))).reason).toBe("");
  expect((await desk.read(booking.id, desk.doctor)).reason).toBe("headache");
  expect(await desk.readsBy(desk.doctor)).toBe(1);
});

test("an answer that is given again is in the audit trail as a read, as it shows the reason", async () => {
  await desk.publish(0);
  const to = await desk.offer(50 * 60);
  const { response: booking } = await desk.book((await desk.offer(48 * 60)).id);
  const [moving, cancelling] = [newId(), newId()];
  for (let i = 0; i < 2; i++) await desk.reschedule(booking.id, to.id, desk.doctor, moving);
  expect(await desk.readsBy(desk.doctor)).toBe(1);
  for (let i = 0; i < 3; i++) await desk.cancel(booking.id, desk.doctor, desk.app, "flu", cancelling);
  expect(await desk.readsBy(desk.doctor)).toBe(3);
});

test("a repeated answer shows no later changes, and is audited as a read", async () => {
  await desk.publish(0);
  const slot = await desk.offer(48 * 60);
  const { response: booking } = await desk.book(slot.id, desk.patient, newId(), desk.app, "");
  const [to, key] = [await desk.offer(50 * 60), newId()];
  await desk.reschedule(booking.id, to.id, desk.doctor, key);
  await desk.cancel(booking.id, desk.patient, desk.app, "a rash");
  const { response: again } = await desk.reschedule(booking.id, to.id, desk.doctor, key);
  expect(again.cancelReason).toBeUndefined();
  expect(await desk.readsBy(desk.doctor)).toBe(1);
});

test("who cancels or moves a booking again reads it: a doctor what the patient wrote, an admin whose it is", async () => {
  await desk.publish(0);
  const admin = userCaller("ADMIN");
  const to = await desk.offer(50 * 60);
  const { response: moved } = await desk.book((await desk.offer(48 * 60)).id);
  for (const reads of [0, 1, 2]) {
    expect((await desk.reschedule(moved.id, to.id, desk.doctor)).response.reason).toBe("headache");
    expect(await desk.readsBy(desk.doctor)).toBe(reads);
  }
  const slot = await desk.offer(60);
  for (const by of [desk.doctor, admin, desk.patient]) {
    const { response: booking } = await desk.book(slot.id);
    const before = await desk.readsBy(by);
    await desk.cancel(booking.id, by);
    expect(await desk.readsBy(by)).toBe(before);
    await desk.cancel(booking.id, by);
    expect(await desk.readsBy(by)).toBe(by === desk.patient ? before : before + 1);
  }
});

test("a doctor's read of a booking is audited, with and without a reason", async () => {
  await desk.publish(0);
  const { response: booking } = await desk.book(
    (await desk.offer(60)).id,
    desk.patient,
    newId(),
    desk.app,
    "",
  );
  await desk.read(booking.id, desk.doctor);
  expect(await desk.readsBy(desk.doctor)).toBe(1);
  await desk.cancel(booking.id, desk.patient, desk.app, "a rash");
  expect((await desk.read(booking.id, desk.doctor)).cancelReason).toBe("a rash");
  expect(await desk.readsBy(desk.doctor)).toBe(2);
});

test("reasons lie encrypted in the database", async () => {
  await desk.publish(0);
  const { response } = await desk.book((await desk.offer(60)).id);
  const [row] = await desk.app.db.read<{ reason: Buffer }>("SELECT reason FROM bookings WHERE id = ?", [
    binaryId(response.id),
  ]);
  expect(row!.reason.includes("headache")).toBe(false);
});

test("bookings are listed page by page, none lost and none twice", async () => {
  await desk.publish(0);
  const slots = [];
  for (let i = 0; i < 7; i++) slots.push(await desk.offer(60 + i * 30));
  const { app } = desk;
  const unlimited = { ...app, bookingLimits: { holds: 0, bookings: 0, bookingsPerDoctor: 0 } };
  for (const slot of slots) await desk.book(slot.id, desk.patient, newId(), unlimited);
  const list = async (pageToken: string, status: "CONFIRMED" | "CANCELLED" = "CONFIRMED") =>
    (
      await invoke(BookingServiceService.listBookings, bound(listBookings, desk.app), desk.patient, {
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

test("fifty calls for figures share one count, apart from other reads", async () => {
  const [scans, reads] = [jest.spyOn(desk.app.db, "scan"), jest.spyOn(desk.app.db, "read")];
  const figures = bound(getBookingStats, desk.app);
  const read = () => invoke(BookingServiceService.getBookingStats, figures, desk.admin, {});
  await Promise.all(Array.from({ length: 50 }, read));
  expect([scans.mock.calls.length, reads.mock.calls.length]).toEqual([2, 0]);
  jest.restoreAllMocks();
});
