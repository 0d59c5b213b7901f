import { expect, test } from "@jest/globals";
import type {
  Payment_Status,
  PaymentSnapshot,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type {
  Consultation_Status,
  ConsultationSnapshot,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Booking_Status } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import fc from "fast-check";
import type { FeeDecision } from "../bookings/booking-rules.ts";
import {
  BROKEN_OFF,
  bookingOf,
  consultation,
  DOCTOR_MISSING,
  END,
  FREE,
  LATE,
  MISSED,
  NONE,
  payment,
  START,
  UNPAID,
} from "../testing/reconciled.ts";
import type { ReconciledBooking } from "./disagreement.ts";
import { evaluate } from "./reconciliation-rules.ts";

/** Stages of a booking in which booking, payment and consultation agree. */
const CONSISTENT: [
  stage: string,
  ReconciledBooking,
  PaymentSnapshot | undefined,
  ConsultationSnapshot | undefined,
][] = [
  ["held", bookingOf("PENDING_PAYMENT"), payment("REQUIRES_AUTHORIZATION"), NONE],
  ["being paid", bookingOf("PENDING_PAYMENT"), payment("PROCESSING"), NONE],
  ["voided by the provider during the hold", bookingOf("PENDING_PAYMENT"), payment("VOIDED"), NONE],
  ["paid", bookingOf("CONFIRMED"), payment("AUTHORIZED"), consultation("SCHEDULED")],
  ["captured early", bookingOf("CONFIRMED"), payment("CAPTURED"), consultation("SCHEDULED")],
  ["joined", bookingOf("CONFIRMED"), payment("AUTHORIZED"), consultation("WAITING")],
  [
    "moved, and not accepted",
    bookingOf("CONFIRMED", { movePending: true }),
    payment("AUTHORIZED"),
    consultation("SCHEDULED", { movePending: true }),
  ],
  ["free", bookingOf("CONFIRMED", FREE), NONE, consultation("SCHEDULED", UNPAID)],
  ["started", bookingOf("CONFIRMED", { started: true }), payment("AUTHORIZED"), consultation("IN_PROGRESS")],
  ["held, expired unpaid", bookingOf("EXPIRED"), payment("CANCELLED"), NONE],
  ["expired while the provider processes", bookingOf("EXPIRED"), payment("PROCESSING"), NONE],
  ["paid too late", bookingOf("EXPIRED"), payment("VOIDED", "RELEASE"), NONE],
  ["cancelled before it was paid", bookingOf("CANCELLED"), payment("CANCELLED", "RELEASE"), NONE],
  ["cancelled", bookingOf("CANCELLED"), payment("VOIDED", "RELEASE"), consultation("CANCELLED")],
  [
    "cancelled, fee about to be voided",
    bookingOf("CANCELLED"),
    payment("AUTHORIZED", "RELEASE"),
    consultation("CANCELLED"),
  ],
  [
    "cancelled, fee about to be refunded",
    bookingOf("CANCELLED"),
    payment("CAPTURED", "RELEASE"),
    consultation("CANCELLED"),
  ],
  ["cancelled late", bookingOf("CANCELLED", LATE), payment("CAPTURED", "CHARGE"), consultation("CANCELLED")],
  [
    "cancelled while the consultation started",
    bookingOf("CANCELLED"),
    payment("VOIDED", "RELEASE"),
    consultation("ABANDONED"),
  ],
  [
    "cancelled late while the consultation started",
    bookingOf("CANCELLED", LATE),
    payment("CAPTURED", "CHARGE"),
    consultation("ABANDONED"),
  ],
  [
    "cancelled late while the doctor abandoned it",
    bookingOf("CANCELLED"),
    payment("VOIDED", "RELEASE"),
    consultation("ABANDONED", BROKEN_OFF),
  ],
  [
    "cancelled late while the doctor abandoned it, fee about to be voided",
    bookingOf("CANCELLED"),
    payment("AUTHORIZED", "RELEASE"),
    consultation("ABANDONED", BROKEN_OFF),
  ],
  [
    "cancelled while it took place",
    bookingOf("CANCELLED"),
    payment("VOIDED", "RELEASE"),
    consultation("COMPLETED"),
  ],
  [
    "cancelled late while it took place",
    bookingOf("CANCELLED", LATE),
    payment("CAPTURED", "CHARGE"),
    consultation("COMPLETED"),
  ],
  [
    "cancelled late and missed by the patient",
    bookingOf("CANCELLED", LATE),
    payment("CAPTURED", "CHARGE"),
    consultation("NO_SHOW", MISSED),
  ],
  [
    "cancelled late and missed by the doctor",
    bookingOf("CANCELLED"),
    payment("VOIDED", "RELEASE"),
    consultation("NO_SHOW", DOCTOR_MISSING),
  ],
  ["cancelled free", bookingOf("CANCELLED", FREE), NONE, consultation("CANCELLED", UNPAID)],
  ["completed", bookingOf("COMPLETED"), payment("CAPTURED", "CHARGE"), consultation("COMPLETED")],
  [
    "completed, fee about to be captured",
    bookingOf("COMPLETED"),
    payment("AUTHORIZED", "CHARGE"),
    consultation("COMPLETED"),
  ],
  [
    "completed, partially refunded",
    bookingOf("COMPLETED"),
    payment("PARTIALLY_REFUNDED"),
    consultation("COMPLETED"),
  ],
  ["completed, refunded", bookingOf("COMPLETED"), payment("REFUNDED"), consultation("COMPLETED")],
  ["missed by the patient", bookingOf("NO_SHOW"), payment("CAPTURED"), consultation("NO_SHOW", MISSED)],
  ["missed by the doctor", bookingOf("NO_SHOW"), payment("VOIDED"), consultation("NO_SHOW", DOCTOR_MISSING)],
];

test.each(CONSISTENT)("%s: no disagreement", (_stage, booking, paid, meeting) => {
  expect(evaluate(booking, paid, meeting, END)).toEqual([]);
});

test("consistent states agree for all times, amounts and versions", () => {
  const times = fc.date({ noInvalidDate: true });
  const stages = fc.constantFrom(...CONSISTENT);
  const money = fc.record({ currencyCode: fc.constantFrom("USD", "EUR"), amountMinor: fc.nat() });
  fc.assert(
    fc.property(stages, times, times, money, fc.nat(), (stage, startTime, endTime, fee, version) => {
      const [, booking, paid, meeting] = stage;
      const found = evaluate(
        { ...booking, startTime, endTime, fee: booking.fee && fee },
        paid && { ...paid, amount: fee, version },
        // The times are copied, because decoded times equal the originals, but are not the same objects.
        meeting && { ...meeting, startTime: new Date(startTime), endTime: new Date(endTime), version },
        endTime,
      );
      expect(found).toEqual([]);
    }),
  );
});

test("no combination of states needs two different remedies", () => {
  const statuses = fc.constantFrom<Booking_Status>(
    "PENDING_PAYMENT",
    "CONFIRMED",
    "EXPIRED",
    "CANCELLED",
    "COMPLETED",
    "NO_SHOW",
  );
  const payments = fc.constantFrom<Payment_Status>(
    "REQUIRES_AUTHORIZATION",
    "PROCESSING",
    "AUTHORIZED",
    "CAPTURED",
    "PARTIALLY_REFUNDED",
    "REFUNDED",
    "VOIDED",
    "CANCELLED",
  );
  const consultations = fc.constantFrom<Consultation_Status>(
    "SCHEDULED",
    "WAITING",
    "IN_PROGRESS",
    "COMPLETED",
    "CANCELLED",
    "NO_SHOW",
    "ABANDONED",
  );
  const decisions = fc.constantFrom<FeeDecision | undefined>("RELEASE", "CHARGE", undefined);
  const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
  const anyPayment = maybe(
    fc.tuple(payments, decisions).map(([status, decided]) => payment(status, decided)),
  );
  const anyConsultation = maybe(
    fc
      .tuple(
        consultations,
        maybe(fc.constantFrom<"PATIENT" | "DOCTOR" | "BOTH">("PATIENT", "DOCTOR", "BOTH")),
        fc.boolean(),
      )
      .map(([status, noShowParty, isAdmins]) =>
        consultation(status, {
          noShowParty,
          brokenOff: status === "ABANDONED",
          closedByAdmin: isAdmins && (status === "COMPLETED" || status === "NO_SHOW"),
        }),
      ),
  );
  const anyBooking = fc
    .tuple(statuses, fc.boolean(), decisions, fc.boolean())
    .map(([status, started, feeDecision, isAdmins]) =>
      bookingOf(status, {
        started,
        feeDecision: feeDecision ?? null,
        closed: isAdmins && (status === "COMPLETED" || status === "NO_SHOW"),
      }),
    );
  fc.assert(
    fc.property(anyBooking, anyPayment, anyConsultation, (booking, paid, meeting) => {
      const remedies = evaluate(booking, paid, meeting, END).flatMap(({ remedy }) =>
        remedy ? [JSON.stringify(remedy)] : [],
      );
      expect(new Set(remedies).size).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2000 },
  );
});

test.each<[string, boolean, ConsultationSnapshot, string, object]>([
  [
    "its patient was marked as missing at a time not accepted",
    true,
    consultation("NO_SHOW", MISSED),
    "CONSULTATION_TIMES_DIFFER",
    { send: "rescheduled" },
  ],
  [
    "clinical missed that its move is pending",
    true,
    consultation("SCHEDULED"),
    "MOVE_ACCEPTANCE_DIFFERS",
    { send: "rescheduled" },
  ],
  [
    "its patient waits, and has thereby accepted the move",
    true,
    consultation("WAITING"),
    "MOVE_ACCEPTANCE_DIFFERS",
    { apply: "consultation.joined" },
  ],
  [
    "clinical missed the acceptance of its move",
    false,
    consultation("SCHEDULED", { movePending: true }),
    "MOVE_ACCEPTANCE_DIFFERS",
    { send: "move_accepted" },
  ],
])("of a moved booking, %s", (_, movePending, meeting, kind, remedy) => {
  const booking = bookingOf("CONFIRMED", { movePending });
  expect(evaluate(booking, payment("AUTHORIZED"), meeting, START)).toEqual([{ kind, remedy }]);
});

test("a booking whose status is unknown is sent to no service", () => {
  const found = evaluate(bookingOf("STATUS_UNSPECIFIED"), payment("AUTHORIZED"), NONE, END);
  expect(found).toEqual([{ kind: "PAYMENT_OPEN_FOR_ENDED" }]);
});
