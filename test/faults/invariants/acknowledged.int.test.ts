import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Doctor } from "../doctor.ts";
import type { BookingHolder, ExpectedBooking } from "../expected-booking.ts";
import type { AcknowledgedClose, AcknowledgedRefund, RefundingAdmin } from "../refunding-admin.ts";
import type { Registrar } from "../registrar.ts";
import { unacknowledgedBookings } from "./acknowledged-bookings.ts";
import { unacknowledgedCloses } from "./acknowledged-closes.ts";
import { unacknowledgedConsultations } from "./acknowledged-consultations.ts";
import { unacknowledgedJoins } from "./acknowledged-joins.ts";
import { unacknowledgedLicenses } from "./acknowledged-licenses.ts";
import { unacknowledgedRefunds } from "./acknowledged-refunds.ts";
import { EmptySchemas } from "./empty-schemas.ts";
import { AHEAD, audited, booking, consultation, PAST, payment, type Row, refund } from "./rows.ts";

let empty: EmptySchemas;
beforeAll(async () => {
  empty = await EmptySchemas.make();
});
afterAll(() => empty.drop());

/** Cases: rows in the database, and the violations that a check must report about them. */
type Cases = [name: string, rows: Row[], lines: string[]][];

describe("an acknowledged booking", () => {
  const expected: ExpectedBooking = {
    id: "b",
    slotId: "s",
    doctorId: "d",
    paymentId: "y",
    consultationId: "c",
    status: "CONFIRMED",
    sequence: 1,
    cancelAsked: false,
    paid: true,
    joined: false,
    isClosedByAdmin: false,
  };
  const doctor = (asked: Partial<Doctor> = {}) =>
    ({ cancelsAsked: new Set(), movesAsked: new Map(), ...asked }) as unknown as Doctor;
  const found = (
    rows: Row[],
    told: Partial<ExpectedBooking> = {},
    { doctors = [doctor()], revokesAsked = [] as string[], unsureSlots = [] as string[] } = {},
  ) => {
    const patient: BookingHolder = {
      id: "p",
      token: "",
      expectedBookings: new Map([["b", { ...expected, ...told }]]),
      unsureSlots: new Set(unsureSlots),
    };
    const registrar = { revokesAsked: new Set(revokesAsked) } as unknown as Registrar;
    return empty.withRows(rows, (schemas) => unacknowledgedBookings(schemas, [patient], doctors, registrar));
  };
  const row = (columns = {}) => booking({ sequence: 1, ...columns });
  const cancelledBy = (party: string) => row({ status: "CANCELLED", cancelled_by: party });
  const unasked = (party: string) => [`booking b was cancelled by ${party}, who had not requested it`];

  const cases: Cases = [
    ["is there", [row(), payment()], []],
    ["is lost", [payment()], ["acknowledged booking b is lost"]],
    ["is of another patient", [row({ patient_id: "q" }), payment()], ["acknowledged booking b is lost"]],
    [
      "has a former status",
      [row({ status: "PENDING_PAYMENT" }), payment()],
      ["booking b was CONFIRMED and is PENDING_PAYMENT"],
    ],
    [
      "has lost its rescheduling",
      [row({ sequence: 0 }), payment()],
      ["booking b was moved 1 times, now 0", "booking b was rescheduled without a request"],
    ],
    [
      "is on another slot",
      [row({ slot_id: "t" }), payment()],
      ["booking b is on another slot", "booking b was rescheduled without a request"],
    ],
    [
      "is rescheduled once more",
      [row({ slot_id: "t", sequence: 2 }), payment()],
      ["booking b was rescheduled without a request"],
    ],
    ["has no payment", [row()], ["acknowledged payment of b is null"]],
    [
      "has lost its payment",
      [row(), payment({ status: "REQUIRES_AUTHORIZATION" })],
      ["acknowledged payment of b is REQUIRES_AUTHORIZATION"],
    ],
    [
      "exists twice",
      [row(), payment(), row({ id: "b2", slot_id: "t" })],
      ["booking b2, CONFIRMED, was never acknowledged"],
    ],
    ["is cancelled by nobody", [cancelledBy("PATIENT"), payment()], unasked("PATIENT")],
    ["is cancelled by its doctor", [cancelledBy("DOCTOR"), payment()], unasked("DOCTOR")],
    ["is cancelled by an admin", [cancelledBy("ADMIN"), payment()], unasked("ADMIN")],
  ];
  test.each(cases)("that %s", async (_name, rows, lines) => {
    expect(await found(rows)).toEqual(lines);
  });

  test("may change on request", async () => {
    const moved = [row({ slot_id: "t", sequence: 2 }), payment()];
    const movesAsked = new Map([["b", new Set(["t"])]]);
    expect(await found(moved, {}, { doctors: [doctor({ movesAsked })] })).toEqual([]);
    expect(await found(moved, {}, { unsureSlots: ["t"] })).toEqual([]);
    expect(await found([cancelledBy("PATIENT"), payment()], { cancelAsked: true })).toEqual([]);
    const cancelsAsked = new Set(["b"]);
    expect(
      await found([cancelledBy("DOCTOR"), payment()], {}, { doctors: [doctor({ cancelsAsked })] }),
    ).toEqual([]);
    expect(await found([cancelledBy("ADMIN"), payment()], {}, { revokesAsked: ["d"] })).toEqual([]);
  });
});

describe("an acknowledged consultation", () => {
  const told = { id: "c", slotId: "s", status: "COMPLETED", notes: "", noShowParty: null, missedTime: "" };
  const doctorTold = (consultation: object) =>
    ({
      id: "d",
      consultations: new Map([["c", consultation]]),
      unsure: new Set(),
      cancelled: new Set(["b0"]),
    }) as unknown as Doctor;
  const doctor = doctorTold(told);
  const row = (columns = {}) => consultation({ status: "COMPLETED", ...columns });

  const cases: Cases = [
    ["is there", [row()], []],
    ["is lost", [], ["acknowledged consultation c, COMPLETED, is lost"]],
    ["is open again", [row({ status: "IN_PROGRESS" })], ["consultation c was COMPLETED and is IN_PROGRESS"]],
    [
      "became a no-show without a request",
      [row({ no_show_party: "PATIENT" })],
      ["consultation c was missed by null, now PATIENT"],
    ],
    [
      "exists twice",
      [row(), row({ id: "c2", booking_id: "b2" })],
      ["consultation c2, COMPLETED, was never acknowledged"],
    ],
    [
      "is cancelled, but its booking is not",
      [row(), consultation({ id: "c0", booking_id: "b0" }), booking({ id: "b0", consultation_id: "c0" })],
      ["cancelled booking b0 is CONFIRMED"],
    ],
  ];
  test.each(cases)("that %s", async (_name, rows, lines) => {
    const look = () => unacknowledgedConsultations(empty.schemas, [doctor]);
    expect(await empty.withRows(rows, look)).toEqual(lines);
  });

  const moved = audited("clinical", "consultation.reschedule", "consultations/c");
  test.each<[string, Date, Row[], string[]]>([
    [
      "its booking's time",
      AHEAD,
      [row({ status: "CANCELLED" }), moved],
      ["consultation c was NO_SHOW and is CANCELLED"],
    ],
    ["a time that its booking had left", PAST, [row({ status: "CANCELLED" }), moved], []],
    [
      "a time that its booking had left, and has an unacknowledged end",
      PAST,
      [row(), moved],
      ["consultation c, COMPLETED, was never acknowledged"],
    ],
    [
      "a time that its booking never had",
      PAST,
      [row({ status: "CANCELLED" })],
      ["consultation c was missed at another time, and never moved"],
    ],
  ])("that was a no-show at %s", async (_name, missed, rows, lines) => {
    const noShow = { ...told, status: "NO_SHOW", noShowParty: "DOCTOR", missedTime: missed.toISOString() };
    const look = () => unacknowledgedConsultations(empty.schemas, [doctorTold(noShow)]);
    expect(await empty.withRows(rows, look)).toEqual(lines);
  });
});

describe("an acknowledged join", () => {
  const patient = {
    id: "p",
    token: "",
    expectedBookings: new Map([["b", { consultationId: "c", joined: true }]]),
  } as unknown as BookingHolder;
  const seen = (columns = {}): Row[] => [booking(), consultation(columns)];
  const missed = ["consultation c was joined, and missed by its patient"];

  const cases: Cases = [
    ["is there", seen({ status: "WAITING" }), []],
    ["is lost", seen(), ["consultation c was joined and is SCHEDULED"]],
    ["counts as missing", seen({ status: "NO_SHOW", no_show_party: "PATIENT" }), missed],
    ["counts as missing with the doctor", seen({ status: "NO_SHOW", no_show_party: "BOTH" }), missed],
    ["was let down", seen({ status: "NO_SHOW", no_show_party: "DOCTOR" }), []],
    ["was late", seen({ status: "NO_SHOW", no_show_party: "PATIENT", late_party: "PATIENT" }), []],
  ];
  test.each(cases)("that %s", async (_name, rows, lines) => {
    expect(await empty.withRows(rows, (schemas) => unacknowledgedJoins(schemas, [patient]))).toEqual(lines);
  });
});

describe("an acknowledged closing", () => {
  const found = (rows: Row[], feeDecision: AcknowledgedClose["feeDecision"]) => {
    const refundingAdmin = {
      closes: new Map([["b", { outcome: "COMPLETED", feeDecision }]]),
    } as unknown as RefundingAdmin;
    return empty.withRows(rows, (schemas) => unacknowledgedCloses(schemas, refundingAdmin));
  };
  const closed = (columns = {}) => booking({ close_outcome: "COMPLETED", ...columns });
  const followed = consultation({ status: "COMPLETED", transitioned_by: "ADMIN" });
  const isOver = consultation({ status: "ABANDONED" });
  const line = audited("scheduling", "booking.close", "bookings/b");

  const cases: Cases = [
    ["is there", [closed(), followed], []],
    ["is lost", [booking(), consultation()], ["the closing of booking b is lost"]],
    [
      "has another outcome",
      [closed({ close_outcome: "NO_SHOW_BOTH" }), followed],
      ["booking b was closed as COMPLETED and is NO_SHOW_BOTH"],
    ],
    ["gave way to the consultation's own end", [closed({ close_outcome: null }), isOver, line], []],
    [
      "did not yield to the consultation's own end",
      [closed(), isOver],
      ["booking b was closed as COMPLETED and is COMPLETED"],
    ],
    [
      "exists twice",
      [closed(), followed, closed({ id: "b2", consultation_id: "c2" })],
      ["closing of booking b2 as COMPLETED was never acknowledged"],
    ],
  ];
  test.each(cases)("that %s", async (_name, rows, lines) => {
    expect(await found(rows, "CHARGE")).toEqual(lines);
  });

  test("whose released fee is due is reported", async () => {
    expect(await found([closed({ fee_decision: "CHARGE" }), followed], "RELEASE")).toEqual([
      "the fee of b was released and is due",
    ]);
    expect(await found([closed({ fee_decision: "RELEASE" }), followed], "RELEASE")).toEqual([]);
  });
});

describe("an acknowledged refund", () => {
  const told: AcknowledgedRefund = { paymentId: "y", amountMinor: 5, status: "SUCCEEDED" };
  const refundingAdmin = (status: string) =>
    ({ refunds: new Map([["r", { ...told, status }]]) }) as unknown as RefundingAdmin;
  const asked = (columns = {}) => refund({ status: "SUCCEEDED", key_id: "k", ...columns });
  const is = (status: string) => [`acknowledged refund r, SUCCEEDED, is ${status}`];

  const cases: Cases = [
    ["is there", [asked()], []],
    ["is lost", [], is("lost")],
    ["is of another payment", [asked({ payment_id: "y2" })], is("SUCCEEDED")],
    ["has another amount", [asked({ amount_minor: 4 })], is("SUCCEEDED")],
    ["has failed since", [asked({ status: "FAILED" })], is("FAILED")],
    [
      "exists twice",
      [asked(), asked({ id: "r2", key_id: "l" })],
      ["refund r2, SUCCEEDED, was never acknowledged"],
    ],
    ["is beside one that nobody asks for", [asked(), refund({ id: "r2", status: "SUCCEEDED" })], []],
  ];
  test.each(cases)("that %s", async (_name, rows, lines) => {
    const look = () => unacknowledgedRefunds(empty.schemas, refundingAdmin("SUCCEEDED"));
    expect(await empty.withRows(rows, look)).toEqual(lines);
  });

  test("that was pending may have any outcome", async () => {
    const look = () => unacknowledgedRefunds(empty.schemas, refundingAdmin("PENDING"));
    expect(await empty.withRows([asked({ status: "FAILED" })], look)).toEqual([]);
  });
});

describe("an acknowledged decision or prescription", () => {
  const registrar = { decisions: new Map([["l", "REVOKED"]]) } as unknown as Registrar;
  const doctors = [{ prescriptions: new Set(["x"]) }] as unknown as Doctor[];
  const license = (status: string): Row => ["scheduling.licenses", { id: "l", doctor_id: "d", status }];
  const issued: Row = ["clinical.prescriptions", { id: "x" }];
  const isLost = "acknowledged prescription x is lost";

  const cases: Cases = [
    ["is there", [license("REVOKED"), issued], []],
    ["is lost", [], ["licence l was REVOKED and is undefined", isLost]],
    ["is another", [license("VERIFIED"), issued], ["licence l was REVOKED and is VERIFIED"]],
  ];
  test.each(cases)("that %s", async (_name, rows, lines) => {
    const look = () => unacknowledgedLicenses(empty.schemas, registrar, doctors);
    expect(await empty.withRows(rows, look)).toEqual(lines);
  });
});
