import { describe, expect, test } from "@jest/globals";
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
import { CLOSE_WITHIN_MS, evaluate, type ReconciledBooking } from "./reconciliation-rules.ts";

const START = new Date("2030-01-01T09:00:00Z");
const END = new Date("2030-01-01T09:30:00Z");
const FEE = { currencyCode: "USD", amountMinor: 5000 };

const bookingOf = (status: Booking_Status, more: Partial<ReconciledBooking> = {}): ReconciledBooking => ({
  id: "b",
  consultationId: "c",
  paymentId: "p",
  status,
  startTime: START,
  endTime: END,
  started: false,
  fee: FEE,
  feeDecision: status === "EXPIRED" || status === "CANCELLED" ? "RELEASE" : null,
  movePending: false,
  closed: false,
  ...more,
});

const payment = (status: Payment_Status, feeDecision?: FeeDecision): PaymentSnapshot => ({
  paymentId: "p",
  bookingId: "b",
  consultationId: "c",
  status,
  feeDecision: feeDecision ?? "FEE_DECISION_UNSPECIFIED",
  amount: FEE,
  authorizeTime: undefined,
  version: 1,
  inFlight: false,
});

const consultation = (
  status: Consultation_Status,
  more: Partial<ConsultationSnapshot> = {},
): ConsultationSnapshot => ({
  consultationId: "c",
  bookingId: "b",
  paymentId: "p",
  status,
  startTime: START,
  endTime: END,
  noShowParty: undefined,
  version: 1,
  inFlight: false,
  brokenOff: false,
  closedByAdmin: false,
  movePending: false,
  ...more,
});

const NONE = undefined;
const FREE = { fee: NONE, paymentId: null } as const;
const UNPAID = { paymentId: NONE } as const;
const LATE = { feeDecision: "CHARGE" } as const;
const MISSED = { noShowParty: "PATIENT" } as const;
const BROKEN_OFF = { brokenOff: true } as const;
const LET_DOWN = { noShowParty: "DOCTOR" } as const;

/** Each stage of a life in which all three agree. */
const CONSISTENT: [
  stage: string,
  ReconciledBooking,
  PaymentSnapshot | undefined,
  ConsultationSnapshot | undefined,
][] = [
  ["held", bookingOf("PENDING_PAYMENT"), payment("REQUIRES_AUTHORIZATION"), NONE],
  ["being paid", bookingOf("PENDING_PAYMENT"), payment("PROCESSING"), NONE],
  ["given up by the provider, the hold not over", bookingOf("PENDING_PAYMENT"), payment("VOIDED"), NONE],
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
  ["begun", bookingOf("CONFIRMED", { started: true }), payment("AUTHORIZED"), consultation("IN_PROGRESS")],
  ["held and given up", bookingOf("EXPIRED"), payment("CANCELLED"), NONE],
  ["expired with the provider to answer", bookingOf("EXPIRED"), payment("PROCESSING"), NONE],
  ["paid too late", bookingOf("EXPIRED"), payment("VOIDED", "RELEASE"), NONE],
  ["cancelled before it was paid", bookingOf("CANCELLED"), payment("CANCELLED", "RELEASE"), NONE],
  ["cancelled", bookingOf("CANCELLED"), payment("VOIDED", "RELEASE"), consultation("CANCELLED")],
  [
    "cancelled, to be let go",
    bookingOf("CANCELLED"),
    payment("AUTHORIZED", "RELEASE"),
    consultation("CANCELLED"),
  ],
  [
    "cancelled, to be refunded",
    bookingOf("CANCELLED"),
    payment("CAPTURED", "RELEASE"),
    consultation("CANCELLED"),
  ],
  ["cancelled late", bookingOf("CANCELLED", LATE), payment("CAPTURED", "CHARGE"), consultation("CANCELLED")],
  [
    "cancelled while it began",
    bookingOf("CANCELLED"),
    payment("VOIDED", "RELEASE"),
    consultation("ABANDONED"),
  ],
  [
    "cancelled late while it began",
    bookingOf("CANCELLED", LATE),
    payment("CAPTURED", "CHARGE"),
    consultation("ABANDONED"),
  ],
  [
    "cancelled late while its doctor broke it off",
    bookingOf("CANCELLED"),
    payment("VOIDED", "RELEASE"),
    consultation("ABANDONED", BROKEN_OFF),
  ],
  [
    "cancelled late while its doctor broke it off, to be let go",
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
    consultation("NO_SHOW", LET_DOWN),
  ],
  ["cancelled free", bookingOf("CANCELLED", FREE), NONE, consultation("CANCELLED", UNPAID)],
  ["completed", bookingOf("COMPLETED"), payment("CAPTURED", "CHARGE"), consultation("COMPLETED")],
  [
    "completed, to be captured",
    bookingOf("COMPLETED"),
    payment("AUTHORIZED", "CHARGE"),
    consultation("COMPLETED"),
  ],
  [
    "completed, part returned",
    bookingOf("COMPLETED"),
    payment("PARTIALLY_REFUNDED"),
    consultation("COMPLETED"),
  ],
  ["completed, all returned", bookingOf("COMPLETED"), payment("REFUNDED"), consultation("COMPLETED")],
  ["missed by the patient", bookingOf("NO_SHOW"), payment("CAPTURED"), consultation("NO_SHOW", MISSED)],
  ["missed by the doctor", bookingOf("NO_SHOW"), payment("VOIDED"), consultation("NO_SHOW", LET_DOWN)],
];

test.each(CONSISTENT)("%s: nobody disagrees", (_stage, booking, its, meeting) => {
  expect(evaluate(booking, its, meeting, END)).toEqual([]);
});

test("no consistent three disagree, whatever their times, amount and versions are", () => {
  const times = fc.date({ noInvalidDate: true });
  const stages = fc.constantFrom(...CONSISTENT);
  const money = fc.record({ currencyCode: fc.constantFrom("USD", "EUR"), amountMinor: fc.nat() });
  fc.assert(
    fc.property(stages, times, times, money, fc.nat(), (stage, startTime, endTime, fee, version) => {
      const [, booking, its, meeting] = stage;
      const judged = evaluate(
        { ...booking, startTime, endTime, fee: booking.fee && fee },
        its && { ...its, amount: fee, version },
        // Equal, but not the same, as it comes off the wire.
        meeting && { ...meeting, startTime: new Date(startTime), endTime: new Date(endTime), version },
        endTime,
      );
      expect(judged).toEqual([]);
    }),
  );
});

describe("what disagrees about a confirmed booking", () => {
  const confirmed = bookingOf("CONFIRMED");
  const authorized = payment("AUTHORIZED");
  const scheduled = consultation("SCHEDULED");

  test.each([
    ["no consultation", authorized, NONE, "CONSULTATION_MISSING", { tell: "confirmed" }],
    [
      "another start",
      authorized,
      consultation("WAITING", { startTime: END }),
      "CONSULTATION_TIMES_DIFFER",
      { tell: "rescheduled" },
    ],
    [
      "another end",
      authorized,
      consultation("SCHEDULED", { endTime: START }),
      "CONSULTATION_TIMES_DIFFER",
      { tell: "rescheduled" },
    ],
    [
      "it was missed before clinical heard of the move",
      payment("CAPTURED", "CHARGE"),
      consultation("NO_SHOW", { ...MISSED, startTime: END }),
      "CONSULTATION_TIMES_DIFFER",
      { tell: "rescheduled" },
    ],
    [
      "it began at another time unheard",
      authorized,
      consultation("IN_PROGRESS", { startTime: END }),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.started" },
    ],
    [
      "it began unheard",
      authorized,
      consultation("IN_PROGRESS"),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.started" },
    ],
    [
      "it took place unheard",
      payment("CAPTURED", "CHARGE"),
      consultation("COMPLETED"),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.completed" },
    ],
    [
      "the doctor did not come, unheard",
      payment("VOIDED", "RELEASE"),
      consultation("NO_SHOW", LET_DOWN),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.no_show" },
    ],
    [
      "it was broken off unheard",
      payment("VOIDED", "RELEASE"),
      consultation("ABANDONED"),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.abandoned" },
    ],
    ["it was cancelled", authorized, consultation("CANCELLED"), "CONSULTATION_CANCELLED_FOR_CONFIRMED", NONE],
    ["no payment", NONE, scheduled, "PAYMENT_MISSING", NONE],
    ["it is not paid", payment("REQUIRES_AUTHORIZATION"), scheduled, "PAYMENT_NOT_SECURED", NONE],
    ["the money was let go", payment("VOIDED"), scheduled, "PAYMENT_NOT_SECURED", NONE],
    ["the money will be let go", payment("AUTHORIZED", "RELEASE"), scheduled, "PAYMENT_NOT_SECURED", NONE],
    [
      "another amount",
      { ...authorized, amount: { ...FEE, amountMinor: 1 } },
      scheduled,
      "PAYMENT_AMOUNT_DIFFERS",
      NONE,
    ],
  ] as const)("%s", (_what, its, meeting, kind, remedy) => {
    expect(evaluate(confirmed, its, meeting, END)).toEqual([{ kind, remedy }]);
  });
});

describe("what disagrees about a booking that is not confirmed", () => {
  const [pending, expired] = [bookingOf("PENDING_PAYMENT"), bookingOf("EXPIRED")];
  const [cancelled, late] = [bookingOf("CANCELLED"), bookingOf("CANCELLED", LATE)];
  const gone = consultation("CANCELLED");
  const [authorized, captured] = [payment("AUTHORIZED"), payment("CAPTURED", "CHARGE")];

  test.each([
    ["held, no payment", pending, NONE, NONE, "PAYMENT_MISSING", { tell: "held" }],
    ["held, paid unheard", pending, authorized, NONE, "PAYMENT_NOT_HEARD", { hear: "payment.authorized" }],
    ["held, charged", pending, payment("CAPTURED"), NONE, "SETTLEMENT_DIFFERS", NONE],
    [
      "held, with a consultation",
      pending,
      payment("PROCESSING"),
      consultation("SCHEDULED"),
      "CONSULTATION_UNEXPECTED",
      NONE,
    ],
    ["expired, no payment", expired, NONE, NONE, "PAYMENT_MISSING", { tell: "expired" }],
    [
      "expired, open",
      expired,
      payment("REQUIRES_AUTHORIZATION"),
      NONE,
      "PAYMENT_OPEN_FOR_ENDED",
      { tell: "expired" },
    ],
    ["expired, paid unheard", expired, authorized, NONE, "PAYMENT_NOT_HEARD", { hear: "payment.authorized" }],
    ["expired, charged", expired, captured, NONE, "SETTLEMENT_DIFFERS", { tell: "payment_refused" }],
    ["cancelled, no payment", cancelled, NONE, gone, "PAYMENT_MISSING", { tell: "cancelled" }],
    ["cancelled, money kept", cancelled, authorized, gone, "PAYMENT_OPEN_FOR_ENDED", { tell: "cancelled" }],
    ["cancelled, charged", cancelled, captured, gone, "SETTLEMENT_DIFFERS", { tell: "cancelled" }],
    ["cancelled late, not charged", late, authorized, gone, "PAYMENT_OPEN_FOR_ENDED", { tell: "cancelled" }],
    ["cancelled late, returned", late, payment("VOIDED", "RELEASE"), gone, "SETTLEMENT_DIFFERS", NONE],
    [
      "cancelled late, to be returned",
      late,
      payment("AUTHORIZED", "RELEASE"),
      gone,
      "SETTLEMENT_DIFFERS",
      NONE,
    ],
    [
      "cancelled late, broken off unheard, returned",
      late,
      payment("VOIDED", "RELEASE"),
      consultation("ABANDONED", BROKEN_OFF),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.abandoned" },
    ],
    [
      "cancelled late, broken off unheard, charged",
      late,
      captured,
      consultation("ABANDONED", BROKEN_OFF),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.abandoned" },
    ],
    [
      "cancelled late, missed by the doctor unheard, returned",
      late,
      payment("VOIDED", "RELEASE"),
      consultation("NO_SHOW", LET_DOWN),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.no_show" },
    ],
    [
      "cancelled late, took place, returned",
      late,
      payment("VOIDED", "RELEASE"),
      consultation("COMPLETED"),
      "SETTLEMENT_DIFFERS",
      NONE,
    ],
    [
      "cancelled late, took place with a late doctor, unheard",
      late,
      payment("VOIDED", "RELEASE"),
      consultation("COMPLETED", { lateParty: "DOCTOR" }),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.completed" },
    ],
    [
      "completed by a late doctor, charged",
      bookingOf("COMPLETED", { feeDecision: "RELEASE" }),
      captured,
      consultation("COMPLETED", { lateParty: "DOCTOR" }),
      "SETTLEMENT_DIFFERS",
      { tell: "fee_decided" },
    ],
    [
      "cancelled late, broken off and heard, charged",
      cancelled,
      captured,
      consultation("ABANDONED", BROKEN_OFF),
      "SETTLEMENT_DIFFERS",
      { tell: "cancelled" },
    ],
    [
      "cancelled late, which broke it off, returned",
      late,
      payment("VOIDED", "RELEASE"),
      consultation("ABANDONED"),
      "SETTLEMENT_DIFFERS",
      NONE,
    ],
    [
      "cancelled, still to take place",
      cancelled,
      payment("VOIDED"),
      consultation("WAITING"),
      "CONSULTATION_LIVE_FOR_CANCELLED",
      { tell: "cancelled" },
    ],
    [
      "cancelled although it had begun, took place",
      bookingOf("CANCELLED", { started: true }),
      payment("VOIDED"),
      consultation("COMPLETED"),
      "OUTCOME_DIFFERS",
      NONE,
    ],
    [
      "completed, was missed",
      bookingOf("COMPLETED"),
      captured,
      consultation("NO_SHOW"),
      "OUTCOME_DIFFERS",
      NONE,
    ],
    ["missed, not to be found", bookingOf("NO_SHOW"), payment("VOIDED"), NONE, "OUTCOME_DIFFERS", NONE],
    [
      "moved while it began",
      bookingOf("CONFIRMED", { started: true }),
      authorized,
      consultation("IN_PROGRESS", { startTime: END }),
      "CONSULTATION_TIMES_DIFFER",
      NONE,
    ],
    [
      "completed at another time",
      bookingOf("COMPLETED"),
      captured,
      consultation("COMPLETED", { endTime: START }),
      "CONSULTATION_TIMES_DIFFER",
      NONE,
    ],
    [
      "missed at another time",
      bookingOf("NO_SHOW"),
      captured,
      consultation("NO_SHOW", { ...MISSED, startTime: END }),
      "CONSULTATION_TIMES_DIFFER",
      NONE,
    ],
    [
      "completed, not charged",
      bookingOf("COMPLETED"),
      authorized,
      consultation("COMPLETED"),
      "PAYMENT_OPEN_FOR_ENDED",
      NONE,
    ],
    [
      "completed, lapsed before it was charged",
      bookingOf("COMPLETED"),
      payment("VOIDED", "CHARGE"),
      consultation("COMPLETED"),
      "SETTLEMENT_DIFFERS",
      NONE,
    ],
    [
      "completed, never authorized after all",
      bookingOf("COMPLETED"),
      payment("CANCELLED", "CHARGE"),
      consultation("COMPLETED"),
      "SETTLEMENT_DIFFERS",
      NONE,
    ],
    ["cancelled late, lapsed", late, payment("VOIDED", "CHARGE"), gone, "SETTLEMENT_DIFFERS", NONE],
    [
      "missed by the patient, lapsed",
      bookingOf("NO_SHOW"),
      payment("VOIDED", "CHARGE"),
      consultation("NO_SHOW", MISSED),
      "SETTLEMENT_DIFFERS",
      NONE,
    ],
    [
      "missed by the doctor, charged",
      bookingOf("NO_SHOW"),
      captured,
      consultation("NO_SHOW", LET_DOWN),
      "SETTLEMENT_DIFFERS",
      NONE,
    ],
  ] as const)("%s", (_what, booking, its, meeting, kind, remedy) => {
    expect(evaluate(booking, its, meeting, END)).toEqual([{ kind, remedy }]);
  });
});

test.each(["SCHEDULED", "WAITING", "IN_PROGRESS"] as const)(
  "one that is %s although it is long over is for people; until then its doctor may still close it",
  (status) => {
    const booking = bookingOf("CONFIRMED", { started: status === "IN_PROGRESS" });
    const at = (ms: number) =>
      evaluate(booking, payment("CAPTURED", "CHARGE"), consultation(status), new Date(END.getTime() + ms));
    expect(at(CLOSE_WITHIN_MS - 1)).toEqual([]);
    expect(at(CLOSE_WITHIN_MS)).toEqual([{ kind: "CONSULTATION_NOT_CLOSED" }]);
  },
);

describe("ids that somebody has redirected", () => {
  const OTHER = "other";
  const confirmed = bookingOf("CONFIRMED");
  // Each of these would be repaired otherwise.
  const [heard, missed] = [payment("AUTHORIZED"), consultation("NO_SHOW", LET_DOWN)];

  test.each<
    [string, Partial<ReconciledBooking>, typeof heard | undefined, typeof missed | undefined, string[]]
  >([
    ["a payment of another booking", {}, { ...heard, bookingId: OTHER }, missed, ["PAYMENT_IDS_DIFFER"]],
    ["another consultation's payment", {}, { ...heard, consultationId: OTHER }, NONE, ["PAYMENT_IDS_DIFFER"]],
    ["another's consultation", {}, heard, { ...missed, bookingId: OTHER }, ["CONSULTATION_IDS_DIFFER"]],
    ["a payment unknown to billing", { paymentId: OTHER }, NONE, missed, ["CONSULTATION_IDS_DIFFER"]],
    ["no payment, before clinical heard of it", { paymentId: null }, NONE, NONE, ["PAYMENT_ID_MISSING"]],
    ["neither payment nor fee", FREE, NONE, missed, ["CONSULTATION_IDS_DIFFER"]],
    ["a payment although it was free", {}, heard, { ...missed, ...UNPAID }, ["CONSULTATION_IDS_DIFFER"]],
    [
      "neither payment nor consultation of its own",
      {},
      { ...heard, bookingId: OTHER, consultationId: OTHER },
      { ...missed, bookingId: OTHER, paymentId: OTHER },
      ["PAYMENT_IDS_DIFFER", "CONSULTATION_IDS_DIFFER"],
    ],
  ])("%s: reported, and never repaired", (_what, more, its, meeting, kinds) => {
    for (const booking of [confirmed, bookingOf("PENDING_PAYMENT"), bookingOf("CANCELLED")]) {
      const found = evaluate({ ...booking, ...more }, its, meeting, END);
      expect(found).toEqual(kinds.map((kind) => ({ kind })));
    }
  });

  test("a payment whose booking has lost its fee is reported", () => {
    const found = evaluate(bookingOf("CONFIRMED", { fee: NONE }), heard, consultation("SCHEDULED"), START);
    expect(found).toEqual([{ kind: "PAYMENT_AMOUNT_DIFFERS" }]);
  });
});

test("billing gets a no-show again if its decision was stored", () => {
  const missed = bookingOf("NO_SHOW", { feeDecision: "RELEASE" });
  const told = { remedy: { tell: "fee_decided" } };
  const meeting = consultation("NO_SHOW", LET_DOWN);
  expect(evaluate(missed, payment("AUTHORIZED"), meeting, END)).toMatchObject([
    { kind: "PAYMENT_OPEN_FOR_ENDED", ...told },
  ]);
  expect(evaluate(missed, payment("CAPTURED", "CHARGE"), meeting, END)).toMatchObject([
    { kind: "SETTLEMENT_DIFFERS", ...told },
  ]);
  expect(evaluate(bookingOf("NO_SHOW"), payment("AUTHORIZED"), meeting, END)).toEqual([
    { kind: "PAYMENT_OPEN_FOR_ENDED" },
  ]);
});

describe("a booking that an admin closed", () => {
  const CLOSED_FREE = { closed: true, feeDecision: "RELEASE" } as const;
  const closed = bookingOf("COMPLETED", CLOSED_FREE);
  const followed = { closedByAdmin: true } as const;
  const released = payment("VOIDED", "RELEASE");

  test.each([
    ["all followed", closed, released, consultation("COMPLETED", followed)],
    [
      "all followed, the fee charged",
      bookingOf("NO_SHOW", { closed: true, feeDecision: "CHARGE" }),
      payment("CAPTURED", "CHARGE"),
      consultation("NO_SHOW", { ...followed, noShowParty: "BOTH" }),
    ],
  ])("%s: nobody disagrees", (_, booking, its, meeting) => {
    expect(evaluate(booking, its, meeting, END)).toEqual([]);
  });

  test.each([
    ["is missing", NONE, "CONSULTATION_LIVE_FOR_CLOSED", { tell: "closed" }],
    ["goes on", consultation("IN_PROGRESS"), "CONSULTATION_LIVE_FOR_CLOSED", { tell: "closed" }],
    [
      "was missed at another time",
      consultation("NO_SHOW", { ...LET_DOWN, startTime: END }),
      "CONSULTATION_LIVE_FOR_CLOSED",
      { tell: "closed" },
    ],
    [
      "was completed by its doctor",
      consultation("COMPLETED"),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.completed" },
    ],
    [
      "was attended by nobody",
      consultation("NO_SHOW", { noShowParty: "BOTH" }),
      "CONSULTATION_NOT_HEARD",
      { hear: "consultation.no_show" },
    ],
    ["was cancelled", consultation("CANCELLED"), "OUTCOME_DIFFERS", NONE],
  ] as const)("its consultation %s", (_, meeting, kind, remedy) => {
    expect(evaluate(closed, released, meeting, END)).toEqual([remedy ? { kind, remedy } : { kind }]);
  });

  test("billing gets its fee decision again", () => {
    const meeting = consultation("COMPLETED", followed);
    expect(evaluate(closed, payment("AUTHORIZED"), meeting, END)).toEqual([
      { kind: "PAYMENT_OPEN_FOR_ENDED", remedy: { tell: "closed" } },
    ]);
  });
});

test("of all that can be, nothing needs two remedies", () => {
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
  const settlements = fc.constantFrom<FeeDecision | undefined>("RELEASE", "CHARGE", undefined);
  const maybe = <T>(what: fc.Arbitrary<T>) => fc.option(what, { nil: undefined });
  const anyPayment = maybe(
    fc.tuple(payments, settlements).map(([status, decided]) => payment(status, decided)),
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
    .tuple(statuses, fc.boolean(), settlements, fc.boolean())
    .map(([status, started, feeDecision, isAdmins]) =>
      bookingOf(status, {
        started,
        feeDecision: feeDecision ?? null,
        closed: isAdmins && (status === "COMPLETED" || status === "NO_SHOW"),
      }),
    );
  fc.assert(
    fc.property(anyBooking, anyPayment, anyConsultation, (booking, its, meeting) => {
      const remedies = evaluate(booking, its, meeting, END).flatMap(({ remedy }) =>
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
    { tell: "rescheduled" },
  ],
  [
    "clinical missed that its move is pending",
    true,
    consultation("SCHEDULED"),
    "MOVE_ACCEPTANCE_DIFFERS",
    { tell: "rescheduled" },
  ],
  [
    "its patient waits, and has thereby accepted the move",
    true,
    consultation("WAITING"),
    "MOVE_ACCEPTANCE_DIFFERS",
    { hear: "consultation.joined" },
  ],
  [
    "clinical missed the acceptance of its move",
    false,
    consultation("SCHEDULED", { movePending: true }),
    "MOVE_ACCEPTANCE_DIFFERS",
    { tell: "move_accepted" },
  ],
])("of a moved booking, %s", (_, movePending, meeting, kind, remedy) => {
  const booking = bookingOf("CONFIRMED", { movePending });
  expect(evaluate(booking, payment("AUTHORIZED"), meeting, START)).toEqual([{ kind, remedy }]);
});
