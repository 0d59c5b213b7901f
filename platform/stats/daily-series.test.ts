import { expect, test } from "@jest/globals";
import { seriesOf } from "./daily-series.ts";

test("each figure and label has a value for each date, 0 without a total", () => {
  const dates = ["2030-02-27", "2030-02-28", "2030-03-01"];
  const totals = [
    { date: "2030-02-28", figure: "AMOUNT_CAPTURED", label: "EUR", total: 500 },
    { date: "2030-02-27", figure: "AMOUNT_CAPTURED", label: "USD", total: 700 },
    { date: "2030-03-01", figure: "AMOUNT_CAPTURED", label: "USD", total: -100 },
    { date: "2030-03-01", figure: "BOOKINGS_CREATED", label: "", total: 3 },
  ] as const;
  expect(seriesOf(totals, dates)).toEqual([
    { figure: "AMOUNT_CAPTURED", label: "EUR", values: [0, 500, 0] },
    { figure: "AMOUNT_CAPTURED", label: "USD", values: [700, 0, -100] },
    { figure: "BOOKINGS_CREATED", label: "", values: [0, 0, 3] },
  ]);
  expect(seriesOf([], dates)).toEqual([]);
});
