import { expect, test } from "@jest/globals";
import type { Slot_Status } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import fc from "fast-check";
import {
  type BookableFacts,
  batchViolations,
  decideTransition,
  findOverlap,
  holdsSlot,
  isSlotVisibleTo,
  type Refusal,
  type SlotTransition,
  slotViolations,
  statusAt,
  whyNotBookable,
} from "./slot-rules.ts";

const now = new Date("2030-01-01T09:00:00Z");
const at = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

const PAST = { field: "start_time", description: "must lie in the future" };
const FAR = { field: "start_time", description: "must lie within two years" };
const LENGTH = { field: "end_time", description: "must be 5 minutes to 12 hours after the start" };
const TWO_YEARS = 2 * 366 * 24 * 60;

test.each([
  ["a half hour tomorrow", 24 * 60, 30, []],
  ["the shortest", 1, 5, []],
  ["the longest", 1, 12 * 60, []],
  ["the latest", TWO_YEARS, 30, []],
  ["one in the past", -1, 30, [PAST]],
  ["one that starts now", 0, 30, [PAST]],
  ["one that is too short", 1, 4, [LENGTH]],
  ["one that is too long", 1, 12 * 60 + 1, [LENGTH]],
  ["one that ends before its start", 60, -30, [LENGTH]],
  ["one in the far future", TWO_YEARS + 1, 30, [FAR]],
  ["a short one in the past", -1, 4, [PAST, LENGTH]],
])("violations of %s", (_, start, length, expected) => {
  const violations = slotViolations({ startTime: at(start), endTime: at(start + length) }, now, "");
  expect(violations).toEqual(expected);
});

test("the starts of a batch are at most 31 days apart, in any order", () => {
  const day = 24 * 60;
  const batch = [32 * day + 1, 40 * day, 1 * day, 32 * day].map((start) => ({
    startTime: at(start),
    endTime: at(start + 30),
  }));
  const description = "must be at most 31 days after the earliest start of the batch";
  expect(batchViolations(batch, now)).toEqual([
    { field: "slots[0].start_time", description },
    { field: "slots[1].start_time", description },
  ]);
});

test("a slot of a batch has its own violations as well", () => {
  const batch = [1, 32 * 24 * 60].map((start) => ({ startTime: at(start), endTime: at(start + 4) }));
  expect(batchViolations(batch, now).map(({ field }) => field)).toEqual([
    "slots[0].end_time",
    "slots[1].end_time",
    "slots[1].start_time",
  ]);
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

test.each<[Slot_Status, number | null, number, Slot_Status, ("OPEN" | "WITHDRAWN")?]>([
  ["HELD", 1, 1, "HELD"],
  ["HELD", 0, 1, "OPEN"],
  ["HELD", 1, 0, "HELD"],
  ["HELD", 0, 0, "EXPIRED"],
  ["OPEN", null, 1, "OPEN"],
  ["OPEN", null, 0, "EXPIRED"],
  ["BOOKED", null, 0, "BOOKED"],
  ["BLOCKED", null, 0, "BLOCKED"],
  ["HELD", 0, 1, "HELD", "WITHDRAWN"],
  ["OPEN", null, 1, "OPEN", "WITHDRAWN"],
])(
  "%s, its hold ending in %s min and its start in %i: %s",
  (status, hold, start, expected, onRelease = "OPEN") => {
    const facts = {
      status,
      startTime: at(start),
      holdExpireTime: hold === null ? null : at(hold),
      onRelease,
    } as const;
    expect(statusAt(facts, now)).toBe(expected);
  },
);

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

test.each<[Slot_Status, SlotTransition, { requested: Slot_Status; allowed: string }]>([
  ["BLOCKED", "withdraw", { requested: "WITHDRAWN", allowed: "OPEN" }],
  ["WITHDRAWN", "block", { requested: "BLOCKED", allowed: "" }],
  ["EXPIRED", "unblock", { requested: "OPEN", allowed: "WITHDRAWN" }],
])("the refusal of %s, %s names the allowed statuses", (current, transition, metadata) => {
  expect(() => decideTransition(current, transition)).toThrow(
    expect.objectContaining({ metadata: { current, ...metadata } }),
  );
});

const DAY_AHEAD: BookableFacts = {
  status: "OPEN",
  startTime: at(24 * 60),
  holdExpireTime: null,
  onRelease: "OPEN",
  hidden: false,
  licensedUntil: at(365 * 24 * 60),
  minimumNotice: 0,
};

test.each<[string, Partial<BookableFacts>, Refusal | undefined]>([
  ["an open slot", {}, undefined],
  ["one of a doctor with a licence for the region", { licensedInRegion: true }, undefined],
  ["one of a doctor without it", { licensedInRegion: false }, "NOT_LICENSED_IN_REGION"],
  ["one of a hidden doctor", { hidden: true, licensedInRegion: false }, "NOT_FOUND"],
  ["one of a doctor without a licence", { licensedUntil: null }, "NOT_FOUND"],
  ["one after the licence's last day", { licensedUntil: at(-24 * 60) }, "NOT_FOUND"],
  ["a booked one", { status: "BOOKED" }, "SLOT_UNAVAILABLE"],
  ["one that has started", { startTime: now }, "SLOT_UNAVAILABLE"],
])("refusal of %s; its doctor sees each", (_, change, expected) => {
  const slot = { ...DAY_AHEAD, ...change, doctorId: "doctor" };
  expect(whyNotBookable(slot, now)).toBe(expected);
  expect(isSlotVisibleTo(slot, "doctor", now)).toBe(true);
  expect(isSlotVisibleTo(slot, "patient", now)).toBe(expected === undefined);
});

const HELD: BookableFacts & { bookingId: string } = {
  ...DAY_AHEAD,
  status: "HELD",
  holdExpireTime: at(1),
  bookingId: "booking",
};

test.each<[string, Partial<typeof HELD>, boolean]>([
  ["its hold", {}, true],
  ["a hold that has ended", { holdExpireTime: now }, false],
  ["a hold without an end", { holdExpireTime: null }, false],
  ["another booking's hold", { bookingId: "other" }, false],
  ["a slot that is booked", { status: "BOOKED" }, false],
  ["a hold of a hidden doctor", { hidden: true }, false],
])("a booking with %s", (_, change, expected) => {
  expect(holdsSlot("booking", { ...HELD, ...change }, now)).toBe(expected);
});
