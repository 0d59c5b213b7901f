import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

test("a cancelled booking opens its slot, and is hidden from others", async () => {
  await fixture.createDoctor(0);
  const slot = await fixture.createSlot(60);
  const { response: booking } = await fixture.book(slot.id);
  await expect(fixture.cancel(booking.id, userCaller("PATIENT"))).rejects.toMatchObject({
    reason: "NOT_FOUND",
    isDenial: true,
  });
  const { response } = await fixture.cancel(booking.id, fixture.patient);
  expect(response).toMatchObject({ status: "CANCELLED", cancelledBy: "PATIENT", cancelReason: "flu" });
  expect(await fixture.slotStatus(slot.id)).toBe("OPEN");
  expect((await fixture.cancel(booking.id, fixture.patient)).response).toEqual(response);
});

test("a repeated cancellation for another reason is refused and keeps the first reason", async () => {
  await fixture.createDoctor(0);
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.cancel(booking.id, fixture.patient);
  for (const reason of ["measles", ""]) {
    await expect(fixture.cancel(booking.id, fixture.patient, fixture.app, reason)).rejects.toMatchObject({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current: "CANCELLED", requested: "CANCELLED", allowed: "" },
    });
  }
  expect((await fixture.read(booking.id)).cancelReason).toBe("flu");
});
