import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bound, invoke } from "@medconnect/platform/testing/test-service.ts";
import {
  ListSlotsRequest,
  SlotServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { listSlots } from "./read-slots.ts";

const DAY_MINUTES = 24 * 60;
let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  await fixture.createDoctor(0);
});
afterAll(() => fixture.close());

const list = (caller: "doctor" | "patient", request: Partial<ListSlotsRequest>) =>
  invoke(
    SlotServiceService.listSlots,
    bound(listSlots, fixture.app),
    fixture[caller],
    ListSlotsRequest.fromPartial({ doctorId: fixture.doctor.userId, ...request }),
  );
const at = (days: number) => fixture.at(days * DAY_MINUTES);
const beyond = (time: Date) => new Date(time.getTime() + MINUTE_MS);

test.each([
  ["doctor", "STATUS_UNSPECIFIED"],
  ["doctor", "BOOKED"],
  ["patient", "STATUS_UNSPECIFIED"],
  ["patient", "BOOKED"],
] as const)("a %s may list slots of status %s within 62 days, and not beyond", async (caller, status) => {
  await list(caller, { status, startTime: at(1), endTime: at(63) });
  await list(caller, { status, endTime: at(62) });
  const tooLong = list(caller, { status, startTime: at(1), endTime: beyond(at(63)) });
  await expect(tooLong).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
  const tooFar = list(caller, { status, endTime: beyond(at(62)) });
  await expect(tooFar).rejects.toMatchObject({ violations: [{ field: "end_time" }] });
});
