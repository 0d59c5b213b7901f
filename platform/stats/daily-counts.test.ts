import { expect, test } from "@jest/globals";
import { totalsOf } from "./daily-counts.ts";

const LATE = new Date("2030-01-31T23:59:59.999Z");
const NEXT_DAY = new Date("2030-02-01T00:00:00Z");

test("counts are summed by UTC day, figure and label", () => {
  expect(
    totalsOf([
      { figure: "BOOKINGS_CREATED", time: LATE },
      { figure: "AMOUNT_CAPTURED", label: "EUR", amount: 500, time: LATE },
      { figure: "BOOKINGS_CREATED", time: LATE },
      { figure: "AMOUNT_CAPTURED", label: "USD", amount: 700, time: LATE },
      { figure: "BOOKINGS_CREATED", time: NEXT_DAY },
    ]),
  ).toEqual([
    { date: "2030-01-31", figure: "BOOKINGS_CREATED", label: "", total: 2 },
    { date: "2030-01-31", figure: "AMOUNT_CAPTURED", label: "EUR", total: 500 },
    { date: "2030-01-31", figure: "AMOUNT_CAPTURED", label: "USD", total: 700 },
    { date: "2030-02-01", figure: "BOOKINGS_CREATED", label: "", total: 1 },
  ]);
});

test("a correction within one transaction leaves nothing to write", () => {
  const counts = [1, -1].map((amount) => ({ figure: "BOOKINGS_NO_SHOW" as const, amount, time: LATE }));
  expect(totalsOf(counts)).toEqual([]);
});
