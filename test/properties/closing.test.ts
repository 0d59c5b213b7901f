import { expect, test } from "@jest/globals";
import type {
  ConsultationFacts,
  Transition,
} from "../../services/clinical/src/consultations/consultation-rules.ts";
import type { BookingRow } from "../../services/scheduling/src/bookings/booking.ts";
import type { CloseOutcome } from "../../services/scheduling/src/bookings/booking-rules.ts";
import {
  BOOKING,
  type Close,
  type Delivery,
  inProgress,
  later,
  outcomesOf,
  scheduled,
  startedLate,
  stateOf,
  type World,
  waiting,
} from "./closing-world.ts";

// An admin closes a booking in scheduling, or the patient reschedules it, while its consultation ends in
// clinical. Both services send events to billing and to each other. These events arrive in any order. The
// tests check every order with the rules of the three services.

const BOOKING_STATUS = { COMPLETED: "COMPLETED", NO_SHOW: "NO_SHOW", ABANDONED: "CANCELLED" } as const;

const ENDS: [string, ConsultationFacts, Transition | "time"][] = [
  ["its doctor completes it", inProgress, { to: "COMPLETED", by: "DOCTOR", notes: "flu" }],
  ["a late doctor completes it", startedLate, { to: "COMPLETED", by: "DOCTOR", notes: "flu" }],
  ["its doctor abandons it", inProgress, { to: "ABANDONED", by: "DOCTOR", reason: "no sound" }],
  ["its doctor admits an absence", scheduled, { to: "NO_SHOW", by: "DOCTOR", party: "DOCTOR" }],
  ["its patient waited in vain", waiting, "time"],
  ["nobody came", scheduled, "time"],
];
const OUTCOMES: CloseOutcome[] = ["COMPLETED", "NO_SHOW_PATIENT", "NO_SHOW_DOCTOR", "NO_SHOW_BOTH"];
const CLOSES: Close[] = OUTCOMES.flatMap((outcome) => [
  { outcome, feeDecision: "CHARGE" as const },
  { outcome, feeDecision: "RELEASE" as const },
]);
const TIMES_KNOWN = [
  ["at an accepted time", false],
  ["at a time that the patient had not accepted", true],
] as const;
const CASES = ENDS.flatMap(([name, consultation, end]) =>
  CLOSES.flatMap((closing) =>
    TIMES_KNOWN.map(
      ([time, movePending]) =>
        [
          name,
          `${closing.outcome}, ${closing.feeDecision}`,
          time,
          { movePending, consultation, end, closing },
        ] as const,
    ),
  ),
);

/**
 * Event that clinical sends after the patient has joined, by the status of the consultation. A patient who
 * joins also accepts the new time of a rescheduled booking.
 */
const PRESENCE = { WAITING: "consultation.joined", IN_PROGRESS: "consultation.started" } as const;

test.each(CASES)(
  "when %s while an admin closes it as %s, %s, all services agree for every order of events",
  (_name, _closing, _time, { movePending, consultation, end, closing }) => {
    const presence = PRESENCE[consultation.status as keyof typeof PRESENCE];
    const outcomes = (["AUTHORIZED", "CAPTURED"] as const).flatMap((status) =>
      outcomesOf({
        booking: { ...BOOKING, movePending },
        consultation: { ...consultation, movePending: movePending && !presence },
        // Billing captures a payment before its authorization expires. A payment with status CAPTURED was
        // captured before anybody closed the booking.
        payment: { status, feeDecision: status === "CAPTURED" ? "CHARGE" : null },
        close: closing,
        move: false,
        end,
        underWay: presence
          ? [{ to: "scheduling", type: presence, version: 3, state: stateOf(consultation) }]
          : [],
        version: 3,
        heard: 0,
        heardInClinical: BOOKING.version,
        decisions: [],
      }),
    );
    // There are at least three outcomes. Either the closing comes first, or the consultation's end, or both
    // happen before the services hear of each other. With a pending rescheduling there may be fewer, because
    // the closing may be refused.
    expect(outcomes.length).toBeGreaterThan(movePending ? 0 : 2);
    for (const { booking, consultation: ended, payment, decisions } of outcomes) {
      expect(booking.status).toBe(BOOKING_STATUS[ended.status as keyof typeof BOOKING_STATUS]);
      expect(booking.closeOutcome !== null).toBe(ended.transitionedBy === "ADMIN");
      const decision = decisions.includes("RELEASE") ? "RELEASE" : "CHARGE";
      if (movePending && !presence)
        expect([decision, ended.noShowParty]).toEqual(["RELEASE", expect.not.stringMatching("PATIENT")]);
      expect([booking.feeDecision, payment.feeDecision]).toEqual([decision, decision]);
      const places = decision === "CHARGE" ? ["CAPTURED"] : ["VOIDED", "REFUNDED"];
      expect(places).toContain(payment.status);
    }
  },
);

const PENDING: BookingRow = { ...BOOKING, movePending: true };
const MOVED: BookingRow = { ...PENDING, startTime: later.startTime, endTime: later.endTime, version: 3 };
const MOVES: [string, Pick<World, "booking" | "move" | "underWay">][] = [
  ["its patient reschedules it from a time not accepted", { booking: PENDING, move: true, underWay: [] }],
  [
    "clinical has not applied the rescheduling yet",
    {
      booking: MOVED,
      move: false,
      underWay: [{ to: "clinical", version: 3, moved: { movePending: true } }],
    },
  ],
];
const MOVE_CASES = ENDS.flatMap(([name, consultation, end]) =>
  MOVES.map(([move, moved]) => [name, move, { consultation, end, moved }] as const),
);

test.each(MOVE_CASES)(
  "when %s while %s, all services agree, and the fee of a live booking is neither released nor refunded",
  (_name, _move, { consultation, end, moved }) => {
    const presence = PRESENCE[consultation.status as keyof typeof PRESENCE];
    const joined: Delivery[] = presence
      ? [{ to: "scheduling", type: presence, version: 3, state: stateOf(consultation) }]
      : [];
    const outcomes = (["AUTHORIZED", "CAPTURED"] as const).flatMap((status) =>
      outcomesOf({
        ...moved,
        consultation: { ...consultation, movePending: moved.move && !presence },
        payment: { status, feeDecision: status === "CAPTURED" ? "CHARGE" : null },
        close: undefined,
        end,
        underWay: [...moved.underWay, ...joined],
        version: 3,
        heard: 0,
        heardInClinical: BOOKING.version,
        decisions: [],
      }),
    );
    for (const { booking, consultation: its, payment, decisions } of outcomes) {
      expect([booking.startTime, booking.endTime]).toEqual([its.startTime, its.endTime]);
      if (booking.status === "CONFIRMED") {
        expect(its.status).toBe("SCHEDULED");
        expect(["AUTHORIZED", "CAPTURED"]).toContain(payment.status);
        expect(payment.feeDecision).not.toBe("RELEASE");
      } else {
        expect(booking.status).toBe(BOOKING_STATUS[its.status as keyof typeof BOOKING_STATUS]);
        expect([booking.feeDecision, payment.feeDecision]).toEqual([decisions.at(-1), decisions.at(-1)]);
      }
    }
  },
);
