import { expect, test } from "@jest/globals";
import { cooldownEndOf, cooldownRefusal, type LiveBookings, limitRefusal } from "./claim-rules.ts";

const LIMITS = { holds: 3, bookings: 10, bookingsPerDoctor: 3 };
const NONE: LiveBookings = { overlapping: 0, holds: 0, bookings: 0, withDoctor: 0 };
const HOLD = { isHold: true };
const FREE = { isHold: false };

test.each([
  ["nothing else", NONE, HOLD, undefined],
  ["one less than each limit", { ...NONE, holds: 2, bookings: 9, withDoctor: 2 }, HOLD, undefined],
  ["one that overlaps", { ...NONE, overlapping: 1, bookings: 1 }, FREE, "PATIENT_OVERLAP"],
  ["three holds, for a hold", { ...NONE, holds: 3, bookings: 3 }, HOLD, "TOO_MANY_HOLDS"],
  ["three holds, for a free booking", { ...NONE, holds: 3, bookings: 3 }, FREE, undefined],
  ["three with the doctor", { ...NONE, bookings: 3, withDoctor: 3 }, FREE, "TOO_MANY_BOOKINGS"],
  ["ten bookings", { ...NONE, bookings: 10 }, FREE, "TOO_MANY_BOOKINGS"],
] as const)("a patient who has %s: %j, another one %j: %s", (_, live, booking, reason) => {
  expect(limitRefusal(live, LIMITS, booking)?.reason).toBe(reason);
});

test.each([
  [
    { ...NONE, holds: 3, bookings: 3 },
    { limit: "3", per: "PATIENT" },
  ],
  [
    { ...NONE, bookings: 3, withDoctor: 3 },
    { limit: "3", per: "DOCTOR" },
  ],
  [
    { ...NONE, bookings: 10 },
    { limit: "10", per: "PATIENT" },
  ],
])("a refusal names the limit: %j", (live, metadata) => {
  expect(limitRefusal(live, LIMITS, HOLD)?.metadata).toEqual(metadata);
});

test("a limit of 0 refuses nothing", () => {
  const many = { ...NONE, holds: 1000, bookings: 1000, withDoctor: 1000 };
  expect(limitRefusal(many, { holds: 0, bookings: 0, bookingsPerDoctor: 0 }, HOLD)).toBeUndefined();
});

const at = (minutes: number) => new Date(Date.UTC(2030, 0, 1, 9, minutes));

test.each([
  ["ended", at(15), at(45)],
  ["was cancelled after 4 minutes", at(4), at(34)],
])("a hold of 15 minutes that %s cools down for twice its length", (_, endTime, cooldownEnd) => {
  expect(cooldownEndOf({ createTime: at(0), holdExpireTime: at(15) }, endTime)).toEqual(cooldownEnd);
});

test("a refusal names the rest of the cooldown, and ends with it", () => {
  const rest = { reason: "HOLD_COOLDOWN", retryAfterMs: 30 * 60_000 };
  expect(cooldownRefusal(at(45), at(15))).toMatchObject(rest);
  expect(cooldownRefusal(at(45), at(45))).toBeUndefined();
  expect(cooldownRefusal(null, at(0))).toBeUndefined();
});
