import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Interval, PresentSlot } from "../slots/slot-rules.ts";
import { planSlots } from "./slot-plan-rules.ts";

const at = (minutes: number) => new Date(Date.UTC(2027, 0, 4) + minutes * 60_000);
const slot = (start: number, length = 30): Interval => ({
  startTime: at(start),
  endTime: at(start + length),
});
const present = (start: number, more: Partial<PresentSlot> = {}): PresentSlot => ({
  ...slot(start),
  id: `${start}`,
  status: "OPEN",
  bookingId: null,
  fromSchedule: false,
  onRelease: "OPEN",
  ...more,
});
const WINDOW = { startTime: at(0), endTime: at(100_000) };

const overlaps = (a: Interval, b: Interval, breaksMs: number) =>
  a.startTime.getTime() < b.endTime.getTime() + breaksMs &&
  b.startTime.getTime() < a.endTime.getTime() + breaksMs;

/** Starts of slots of half an hour that do not overlap. */
const starts = fc.array(fc.integer({ min: 30, max: 90 }), { maxLength: 30 }).map((gaps) =>
  gaps.map(
    (
      (sum) => (gap: number) =>
        (sum += gap)
    )(0),
  ),
);

test("slots are created exactly where none that stays overlaps them or their breaks", () => {
  fc.assert(
    fc.property(starts, starts, fc.nat(40), fc.nat(40), (wanted, staying, before, after) => {
      const buffers = { beforeMs: before * 60_000, afterMs: after * 60_000 };
      const others = staying.map((start) => present(start));
      const { create } = planSlots(
        wanted.map((start) => slot(start)),
        others,
        WINDOW,
        buffers,
      );
      const breaksMs = buffers.beforeMs + buffers.afterMs;
      const expected = wanted
        .map((start) => slot(start))
        .filter((one) => !others.some((other) => overlaps(one, other, breaksMs)));
      expect(create).toEqual(expected);
    }),
  );
});

test("a doctor with the most slots is planned in less than half a second of processor time", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => i * 60);
  const others = many.map((start) => present(start, { fromSchedule: start % 120 === 0 }));
  const before = process.cpuUsage();
  planSlots(
    many.map((start) => slot(start + 15)),
    others,
    { ...WINDOW, endTime: at(700_000) },
    { beforeMs: 0, afterMs: 0 },
  );
  const { user } = process.cpuUsage(before);
  expect(user).toBeLessThan(500_000);
});
