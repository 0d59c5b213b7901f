import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

test("a cancelled booking opens its slot again; others cannot tell that it exists", async () => {
  await desk.publish(0);
  const slot = await desk.offer(60);
  const { response: booking } = await desk.book(slot.id);
  await expect(desk.cancel(booking.id, userCaller("PATIENT"))).rejects.toMatchObject({
    reason: "NOT_FOUND",
    isDenial: true,
  });
  const { response } = await desk.cancel(booking.id, desk.patient);
  expect(response).toMatchObject({ status: "CANCELLED", cancelledBy: "PATIENT", cancelReason: "flu" });
  expect(await desk.slotStatus(slot.id)).toBe("OPEN");
  expect((await desk.cancel(booking.id, desk.patient)).response).toEqual(response);
});

test("a repeated cancellation for another reason is refused, and the first reason stays", async () => {
  await desk.publish(0);
  const { response: booking } = await desk.book((await desk.offer(60)).id);
  await desk.cancel(booking.id, desk.patient);
  for (const reason of ["measles", ""]) {
    await expect(desk.cancel(booking.id, desk.patient, desk.app, reason)).rejects.toMatchObject({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current: "CANCELLED", requested: "CANCELLED", allowed: "" },
    });
  }
  expect((await desk.read(booking.id)).cancelReason).toBe("flu");
});
