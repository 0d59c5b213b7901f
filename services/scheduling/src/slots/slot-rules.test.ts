import { expect, test } from "@jest/globals";
import type { Slot_Status } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import fc from "fast-check";
import {
  batchViolations,
  decideTransition,
  findOverlap,
  type SlotTransition,
  slotViolations,
  statusAt,
} from "./slot-rules.ts";

const now = new Date("2030-01-01T09:00:00Z");
const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

test.each([
  ["a half hour tomorrow", 24 * 60, 30, []],
  ["the shortest", 1, 5, []],
  ["the longest", 1, 12 * 60, []],
  ["one in the past", -1, 30, ["start_time"]],
  ["one that starts now", 0, 30, ["start_time"]],
  ["one that is too short", 1, 4, ["end_time"]],
  ["one that is too long", 1, 12 * 60 + 1, ["end_time"]],
  ["one that ends before its start", 60, -30, ["end_time"]],
  ["one in the far future", 3 * 366 * 24 * 60, 30, ["start_time"]],
])("violations of %s", (_, start, length, fields) => {
  const violations = slotViolations({ startTime: at(start), endTime: at(start + length) }, now, "");
  expect(violations.map((violation) => violation.field)).toEqual(fields);
});

test("the starts of a batch are at most 31 days apart, in any order", () => {
  const day = 24 * 60;
  const batch = [32 * day + 1, 40 * day, 1 * day, 32 * day].map((start) => ({
    startTime: at(start),
    endTime: at(start + 30),
  }));
  const fields = batchViolations(batch, now).map(({ field }) => field);
  expect(fields).toEqual(["slots[0].start_time", "slots[1].start_time"]);
});

const intervals = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 40 })).map(([start, length]) => ({
    startTime: at(start),
    endTime: at(start + length),
  })),
  { maxLength: 12 },
);

test("an overlap is found exactly if two intervals share an instant", () => {
  fc.assert(
    fc.property(intervals, (list) => {
      const pairs = list.flatMap((a, i) => list.slice(i + 1).map((b) => [a, b] as const));
      const overlaps = pairs.some(([a, b]) => a.startTime < b.endTime && b.startTime < a.endTime);
      expect(findOverlap(list) !== undefined).toBe(overlaps);
    }),
  );
});

test.each<[Slot_Status, number | null, number, Slot_Status]>([
  ["HELD", 1, 1, "HELD"],
  ["HELD", 0, 1, "OPEN"],
  ["HELD", 1, 0, "HELD"],
  ["HELD", 0, 0, "EXPIRED"],
  ["OPEN", null, 1, "OPEN"],
  ["OPEN", null, 0, "EXPIRED"],
  ["BOOKED", null, 0, "BOOKED"],
  ["BLOCKED", null, 0, "BLOCKED"],
])("%s, its hold ending in %s min and its start in %i: %s", (status, hold, start, expected) => {
  const facts = { status, startTime: at(start), holdExpireTime: hold === null ? null : at(hold) };
  expect(statusAt(facts, now)).toBe(expected);
});

test.each<
  [Slot_Status, SlotTransition, Slot_Status | "unchanged" | "SLOT_HAS_BOOKING" | "ILLEGAL_TRANSITION"]
>([
  ["OPEN", "block", "BLOCKED"],
  ["OPEN", "withdraw", "WITHDRAWN"],
  ["OPEN", "unblock", "unchanged"],
  ["BLOCKED", "unblock", "OPEN"],
  ["BLOCKED", "block", "unchanged"],
  ["BLOCKED", "withdraw", "ILLEGAL_TRANSITION"],
  ["WITHDRAWN", "withdraw", "unchanged"],
  ["WITHDRAWN", "block", "ILLEGAL_TRANSITION"],
  ["WITHDRAWN", "unblock", "ILLEGAL_TRANSITION"],
  ["HELD", "block", "SLOT_HAS_BOOKING"],
  ["BOOKED", "withdraw", "SLOT_HAS_BOOKING"],
  ["BOOKED", "unblock", "SLOT_HAS_BOOKING"],
  ["EXPIRED", "withdraw", "WITHDRAWN"],
  ["EXPIRED", "block", "ILLEGAL_TRANSITION"],
  ["EXPIRED", "unblock", "ILLEGAL_TRANSITION"],
])("%s, %s: %s", (current, transition, expected) => {
  const outcome = () => decideTransition(current, transition) ?? "unchanged";
  if (expected === "SLOT_HAS_BOOKING" || expected === "ILLEGAL_TRANSITION") {
    expect(outcome).toThrow(expect.objectContaining({ reason: expected }));
  } else expect(outcome()).toBe(expected);
});
