import { describe, expect, test } from "@jest/globals";
import { bookingOf, consultation, DOCTOR_MISSING, END, NONE, payment } from "../testing/reconciled.ts";
import { evaluate } from "./reconciliation-rules.ts";

test("a no-show with a stored decision is sent to billing again", () => {
  const missed = bookingOf("NO_SHOW", { feeDecision: "RELEASE" });
  const sent = { remedy: { send: "fee_decided" } };
  const meeting = consultation("NO_SHOW", DOCTOR_MISSING);
  expect(evaluate(missed, payment("AUTHORIZED"), meeting, END)).toMatchObject([
    { kind: "PAYMENT_OPEN_FOR_ENDED", ...sent },
  ]);
  expect(evaluate(missed, payment("CAPTURED", "CHARGE"), meeting, END)).toMatchObject([
    { kind: "FEE_DECISION_DIFFERS", ...sent },
  ]);
  expect(evaluate(bookingOf("NO_SHOW"), payment("AUTHORIZED"), meeting, END)).toEqual([
    { kind: "PAYMENT_OPEN_FOR_ENDED" },
  ]);
});

describe("a booking that an admin closed", () => {
  const CLOSED_FREE = { closed: true, feeDecision: "RELEASE" } as const;
  const closed = bookingOf("COMPLETED", CLOSED_FREE);
  const BY_ADMIN = { closedByAdmin: true } as const;
  const released = payment("VOIDED", "RELEASE");

  test.each([
    ["all agree", closed, released, consultation("COMPLETED", BY_ADMIN)],
    [
      "all agree, fee charged",
      bookingOf("NO_SHOW", { closed: true, feeDecision: "CHARGE" }),
      payment("CAPTURED", "CHARGE"),
      consultation("NO_SHOW", { ...BY_ADMIN, noShowParty: "BOTH" }),
    ],
  ])("%s: no disagreement", (_, booking, paid, meeting) => {
    expect(evaluate(booking, paid, meeting, END)).toEqual([]);
  });

  test.each([
    ["is missing", NONE, "CONSULTATION_LIVE_FOR_CLOSED", { send: "closed" }],
    ["is still open", consultation("IN_PROGRESS"), "CONSULTATION_LIVE_FOR_CLOSED", { send: "closed" }],
    [
      "was a no-show at another time",
      consultation("NO_SHOW", { ...DOCTOR_MISSING, startTime: END }),
      "CONSULTATION_LIVE_FOR_CLOSED",
      { send: "closed" },
    ],
    [
      "was completed by its doctor",
      consultation("COMPLETED"),
      "CONSULTATION_NOT_HEARD",
      { apply: "consultation.completed" },
    ],
    [
      "was a no-show of both",
      consultation("NO_SHOW", { noShowParty: "BOTH" }),
      "CONSULTATION_NOT_HEARD",
      { apply: "consultation.no_show" },
    ],
    ["was cancelled", consultation("CANCELLED"), "OUTCOME_DIFFERS", NONE],
  ] as const)("its consultation %s", (_, meeting, kind, remedy) => {
    expect(evaluate(closed, released, meeting, END)).toEqual([remedy ? { kind, remedy } : { kind }]);
  });

  test("its fee decision is sent to billing again", () => {
    const meeting = consultation("COMPLETED", BY_ADMIN);
    expect(evaluate(closed, payment("AUTHORIZED"), meeting, END)).toEqual([
      { kind: "PAYMENT_OPEN_FOR_ENDED", remedy: { send: "closed" } },
    ]);
  });
});
