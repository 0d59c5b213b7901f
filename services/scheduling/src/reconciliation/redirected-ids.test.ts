import { describe, expect, test } from "@jest/globals";
import {
  bookingOf,
  consultation,
  DOCTOR_MISSING,
  END,
  FREE,
  NONE,
  payment,
  START,
  UNPAID,
} from "../testing/reconciled.ts";
import type { ReconciledBooking } from "./disagreement.ts";
import { evaluate } from "./reconciliation-rules.ts";

describe("redirected ids", () => {
  const OTHER = "other";
  const confirmed = bookingOf("CONFIRMED");
  // If the ids matched, reconciliation would repair bookings on the basis of these snapshots.
  const [authorized, missed] = [payment("AUTHORIZED"), consultation("NO_SHOW", DOCTOR_MISSING)];

  test.each<
    [string, Partial<ReconciledBooking>, typeof authorized | undefined, typeof missed | undefined, string[]]
  >([
    ["a payment of another booking", {}, { ...authorized, bookingId: OTHER }, missed, ["PAYMENT_IDS_DIFFER"]],
    [
      "the payment of another consultation",
      {},
      { ...authorized, consultationId: OTHER },
      NONE,
      ["PAYMENT_IDS_DIFFER"],
    ],
    [
      "the consultation of another booking",
      {},
      authorized,
      { ...missed, bookingId: OTHER },
      ["CONSULTATION_IDS_DIFFER"],
    ],
    ["a payment that billing does not know", { paymentId: OTHER }, NONE, missed, ["CONSULTATION_IDS_DIFFER"]],
    [
      "no payment, before clinical received the booking",
      { paymentId: null },
      NONE,
      NONE,
      ["PAYMENT_ID_MISSING"],
    ],
    ["neither payment nor fee", FREE, NONE, missed, ["CONSULTATION_IDS_DIFFER"]],
    [
      "a payment of a free consultation",
      {},
      authorized,
      { ...missed, ...UNPAID },
      ["CONSULTATION_IDS_DIFFER"],
    ],
    [
      "payment and consultation of other bookings",
      {},
      { ...authorized, bookingId: OTHER, consultationId: OTHER },
      { ...missed, bookingId: OTHER, paymentId: OTHER },
      ["PAYMENT_IDS_DIFFER", "CONSULTATION_IDS_DIFFER"],
    ],
  ])("%s: reported and not repaired", (_case, more, paid, meeting, kinds) => {
    for (const booking of [confirmed, bookingOf("PENDING_PAYMENT"), bookingOf("CANCELLED")]) {
      const found = evaluate({ ...booking, ...more }, paid, meeting, END);
      expect(found).toEqual(kinds.map((kind) => ({ kind })));
    }
  });

  test("a payment whose booking has lost its fee is reported", () => {
    const found = evaluate(
      bookingOf("CONFIRMED", { fee: NONE }),
      authorized,
      consultation("SCHEDULED"),
      START,
    );
    expect(found).toEqual([{ kind: "PAYMENT_AMOUNT_DIFFERS" }]);
  });
});
