import { describe, expect, test } from "@jest/globals";
import type { ConsultationSnapshot } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import {
  bookingOf,
  consultation,
  DOCTOR_MISSING,
  END,
  FEE,
  MISSED,
  NONE,
  payment,
  START,
} from "../testing/reconciled.ts";
import { CLOSE_WITHIN_MS } from "./disagreement.ts";
import { evaluate } from "./reconciliation-rules.ts";

describe("a confirmed booking disagrees:", () => {
  const confirmed = bookingOf("CONFIRMED");
  const authorized = payment("AUTHORIZED");
  const scheduled = consultation("SCHEDULED");

  test.each([
    ["no consultation", authorized, NONE, "CONSULTATION_MISSING", { send: "confirmed" }],
    [
      "another start",
      authorized,
      consultation("WAITING", { startTime: END }),
      "CONSULTATION_TIMES_DIFFER",
      { send: "rescheduled" },
    ],
    [
      "another end",
      authorized,
      consultation("SCHEDULED", { endTime: START }),
      "CONSULTATION_TIMES_DIFFER",
      { send: "rescheduled" },
    ],
    [
      "a no-show before clinical applied the move",
      payment("CAPTURED", "CHARGE"),
      consultation("NO_SHOW", { ...MISSED, startTime: END }),
      "CONSULTATION_TIMES_DIFFER",
      { send: "rescheduled" },
    ],
    [
      "a start at another time, event lost",
      authorized,
      consultation("IN_PROGRESS", { startTime: END }),
      "CONSULTATION_NOT_HEARD",
      { apply: "consultation.started" },
    ],
    [
      "a start, event lost",
      authorized,
      consultation("IN_PROGRESS"),
      "CONSULTATION_NOT_HEARD",
      { apply: "consultation.started" },
    ],
    [
      "completed, event lost",
      payment("CAPTURED", "CHARGE"),
      consultation("COMPLETED"),
      "CONSULTATION_NOT_HEARD",
      { apply: "consultation.completed" },
    ],
    [
      "a no-show of the doctor, event lost",
      payment("VOIDED", "RELEASE"),
      consultation("NO_SHOW", DOCTOR_MISSING),
      "CONSULTATION_NOT_HEARD",
      { apply: "consultation.no_show" },
    ],
    [
      "abandoned, event lost",
      payment("VOIDED", "RELEASE"),
      consultation("ABANDONED"),
      "CONSULTATION_NOT_HEARD",
      { apply: "consultation.abandoned" },
    ],
    [
      "a cancelled consultation",
      authorized,
      consultation("CANCELLED"),
      "CONSULTATION_CANCELLED_FOR_CONFIRMED",
      NONE,
    ],
    ["no payment", NONE, scheduled, "PAYMENT_MISSING", NONE],
    ["an unpaid payment", payment("REQUIRES_AUTHORIZATION"), scheduled, "PAYMENT_NOT_SECURED", NONE],
    ["a voided payment", payment("VOIDED"), scheduled, "PAYMENT_NOT_SECURED", NONE],
    [
      "a payment about to be voided",
      payment("AUTHORIZED", "RELEASE"),
      scheduled,
      "PAYMENT_NOT_SECURED",
      NONE,
    ],
    [
      "another amount",
      { ...authorized, amount: { ...FEE, amountMinor: 1 } },
      scheduled,
      "PAYMENT_AMOUNT_DIFFERS",
      NONE,
    ],
  ] as const)("%s", (_case, paid, meeting, kind, remedy) => {
    expect(evaluate(confirmed, paid, meeting, END)).toEqual([{ kind, remedy }]);
  });
});

test.each(["SCHEDULED", "WAITING", "IN_PROGRESS"] as const)(
  "a %s consultation is reported three hours after its end, when its doctor should have closed it",
  (status) => {
    const booking = bookingOf("CONFIRMED", { started: status === "IN_PROGRESS" });
    const at = (ms: number) =>
      evaluate(booking, payment("CAPTURED", "CHARGE"), consultation(status), new Date(END.getTime() + ms));
    expect(at(CLOSE_WITHIN_MS - 1)).toEqual([]);
    expect(at(CLOSE_WITHIN_MS)).toEqual([{ kind: "CONSULTATION_NOT_CLOSED" }]);
  },
);

test.each<[string, boolean, ConsultationSnapshot, string, object]>([
  [
    "the patient was a no-show at a time not accepted",
    true,
    consultation("NO_SHOW", MISSED),
    "CONSULTATION_TIMES_DIFFER",
    { send: "rescheduled" },
  ],
  [
    "clinical has not applied its pending move",
    true,
    consultation("SCHEDULED"),
    "MOVE_ACCEPTANCE_DIFFERS",
    { send: "rescheduled" },
  ],
  [
    "its patient waits and has thereby accepted the move",
    true,
    consultation("WAITING"),
    "MOVE_ACCEPTANCE_DIFFERS",
    { apply: "consultation.joined" },
  ],
  [
    "clinical has not applied the acceptance of its move",
    false,
    consultation("SCHEDULED", { movePending: true }),
    "MOVE_ACCEPTANCE_DIFFERS",
    { send: "move_accepted" },
  ],
])("of a moved booking, %s", (_, movePending, meeting, kind, remedy) => {
  const booking = bookingOf("CONFIRMED", { movePending });
  expect(evaluate(booking, payment("AUTHORIZED"), meeting, START)).toEqual([{ kind, remedy }]);
});
