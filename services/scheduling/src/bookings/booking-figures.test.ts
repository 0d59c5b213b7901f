import { expect, test } from "@jest/globals";
import { changeCounts, creationCounts } from "./booking-figures.ts";

const NOW = new Date("2030-01-31T23:59:59.999Z");

test.each([
  ["a hold", "PENDING_PAYMENT", ["BOOKINGS_CREATED"]],
  ["a free booking", "CONFIRMED", ["BOOKINGS_CREATED", "BOOKINGS_CONFIRMED"]],
] as const)("%s counts as created, and as confirmed if it is", (_, status, figures) => {
  expect(creationCounts({ status, cancelledBy: null }, NOW)).toEqual(
    figures.map((figure) => ({ figure, time: NOW })),
  );
});

test.each([
  ["PENDING_PAYMENT", "CONFIRMED", null, [{ figure: "BOOKINGS_CONFIRMED" }]],
  ["PENDING_PAYMENT", "EXPIRED", null, [{ figure: "BOOKINGS_EXPIRED" }]],
  ["PENDING_PAYMENT", "CANCELLED", "PATIENT", [{ figure: "BOOKINGS_CANCELLED", label: "PATIENT" }]],
  ["CONFIRMED", "CANCELLED", "ADMIN", [{ figure: "BOOKINGS_CANCELLED", label: "ADMIN" }]],
  [
    "EXPIRED",
    "CONFIRMED",
    null,
    [{ figure: "BOOKINGS_EXPIRED", amount: -1 }, { figure: "BOOKINGS_CONFIRMED" }],
  ],
  ["CONFIRMED", "NO_SHOW", null, [{ figure: "BOOKINGS_NO_SHOW" }]],
  ["CONFIRMED", "COMPLETED", null, []],
  ["CONFIRMED", "CONFIRMED", null, []],
  ["CANCELLED", "CANCELLED", "PATIENT", []],
  // A consultation's own end replaces the closing of an admin.
  ["NO_SHOW", "COMPLETED", null, [{ figure: "BOOKINGS_NO_SHOW", amount: -1 }]],
  ["NO_SHOW", "NO_SHOW", null, []],
  [
    "NO_SHOW",
    "CANCELLED",
    "DOCTOR",
    [
      { figure: "BOOKINGS_NO_SHOW", amount: -1 },
      { figure: "BOOKINGS_CANCELLED", label: "DOCTOR" },
    ],
  ],
  ["COMPLETED", "NO_SHOW", null, [{ figure: "BOOKINGS_NO_SHOW" }]],
] as const)("a booking that was %s and becomes %s", (before, status, cancelledBy, counts) => {
  expect(changeCounts(before, { status, cancelledBy }, NOW)).toEqual(
    counts.map((each) => ({ ...each, time: NOW })),
  );
});
