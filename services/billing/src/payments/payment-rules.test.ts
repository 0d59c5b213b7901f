import { expect, test } from "@jest/globals";
import type { Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import fc from "fast-check";
import type { ChargeStatus } from "../providers/provider.ts";
import { beginRefund, endRefund } from "../refunds/refund-rules.ts";
import {
  type Authorizable,
  assertAuthorizable,
  canBecome,
  decide,
  expire,
  type FeeDecision,
  type Funds,
  isExpiring,
  isFeeLost,
  nextStep,
  refundableMinor,
  type StatusAndDecision,
  type Step,
  shouldVoid,
  statusAfterCharge,
  waitsForPayer,
} from "./payment-rules.ts";

/** A payment without refunds. */
const UNTOUCHED = { amountMinor: 5000, refundedMinor: 0, refundingMinor: 0 };

const now = new Date("2030-01-01T09:00:00Z");
const later = new Date("2030-01-01T09:15:00Z");

const payment = (status: Payment_Status, holdExpireTime: Date, more: Partial<Authorizable> = {}) => ({
  status,
  feeDecision: null,
  holdExpireTime,
  nextActionUrl: null,
  ...more,
});
const WAITING = { nextActionUrl: "https://bank.test/confirm" };

test.each<[string, Payment_Status, Partial<Authorizable>]>([
  ["awaits authorization", "REQUIRES_AUTHORIZATION", {}],
  ["waits for its payer", "PROCESSING", WAITING],
])("a payment that %s can be authorized until its hold ends", (_case, status, more) => {
  expect(() => assertAuthorizable(payment(status, later, more), now)).not.toThrow();
  expect(() => assertAuthorizable(payment(status, now, more), now)).toThrow(
    expect.objectContaining({ reason: "HOLD_EXPIRED" }),
  );
});

test("a payment that waits for its payer cannot be authorized after a fee decision", () => {
  const decided = payment("PROCESSING", later, { ...WAITING, feeDecision: "RELEASE" });
  expect(() => assertAuthorizable(decided, now)).toThrow(
    expect.objectContaining({ reason: "ILLEGAL_TRANSITION" }),
  );
});

test("a cancelled payment is HOLD_EXPIRED after the end of its hold", () => {
  expect(() => assertAuthorizable(payment("CANCELLED", now), now)).toThrow(
    expect.objectContaining({ reason: "HOLD_EXPIRED" }),
  );
});

test.each([
  ["PROCESSING", "AUTHORIZED,REQUIRES_AUTHORIZATION,VOIDED,CANCELLED"],
  ["AUTHORIZED", "CAPTURED,VOIDED"],
  ["CAPTURED", "PARTIALLY_REFUNDED,REFUNDED"],
  ["REFUNDED", ""],
  ["VOIDED", ""],
  ["CANCELLED", ""],
] as const)("a payment that is %s cannot be authorized", (status, allowed) => {
  expect(() => assertAuthorizable(payment(status, later), now)).toThrow(
    expect.objectContaining({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current: status, requested: "AUTHORIZED", allowed },
    }),
  );
});

test.each([
  ["REQUIRES_AUTHORIZATION", "RELEASE", "CANCELLED", undefined],
  ["REQUIRES_AUTHORIZATION", "CHARGE", "CANCELLED", undefined],
  ["PROCESSING", "RELEASE", "PROCESSING", "ASK"],
  ["PROCESSING", "CHARGE", "PROCESSING", "ASK"],
  ["AUTHORIZED", "RELEASE", "AUTHORIZED", "VOID"],
  ["AUTHORIZED", "CHARGE", "AUTHORIZED", "CAPTURE"],
  ["CAPTURED", "RELEASE", "CAPTURED", "REFUND"],
  ["CAPTURED", "CHARGE", "CAPTURED", undefined],
  ["PARTIALLY_REFUNDED", "RELEASE", "PARTIALLY_REFUNDED", "REFUND"],
  ["REFUNDED", "RELEASE", "REFUNDED", undefined],
  ["VOIDED", "CHARGE", "VOIDED", undefined],
  ["CANCELLED", "RELEASE", "CANCELLED", undefined],
] as const)("%s with decision %s: status %s, next step %s", (status, decision, expected, step) => {
  const after = decide({ status, feeDecision: null }, decision);
  expect(after.status).toBe(expected);
  expect(nextStep({ ...UNTOUCHED, ...after })).toBe(step);
});

test.each([
  ["PROCESSING", "PENDING", "PROCESSING"],
  ["PROCESSING", "AUTHORIZED", "AUTHORIZED"],
  ["PROCESSING", "DECLINED", "REQUIRES_AUTHORIZATION"],
  ["PROCESSING", "CAPTURED", "AUTHORIZED"],
  ["PROCESSING", "VOIDED", "VOIDED"],
  ["AUTHORIZED", "CAPTURED", "CAPTURED"],
  ["AUTHORIZED", "VOIDED", "VOIDED"],
  ["CAPTURED", "AUTHORIZED", "CAPTURED"],
  ["REFUNDED", "CAPTURED", "REFUNDED"],
  ["VOIDED", "AUTHORIZED", "VOIDED"],
  ["REQUIRES_AUTHORIZATION", "DECLINED", "REQUIRES_AUTHORIZATION"],
] as const)("%s with a charge that is %s becomes %s", (status, charge, expected) => {
  expect(statusAfterCharge(status, charge, false)).toBe(expected);
});

test("a decline cancels a payment that cannot be tried again", () => {
  expect(statusAfterCharge("PROCESSING", "DECLINED", true)).toBe("CANCELLED");
});

test("the end of the hold cancels only REQUIRES_AUTHORIZATION", () => {
  expect(expire("REQUIRES_AUTHORIZATION")).toBe("CANCELLED");
  expect(expire("PROCESSING")).toBe("PROCESSING");
  expect(expire("AUTHORIZED")).toBe("AUTHORIZED");
});

test.each([
  ["RELEASE", later, true],
  [null, later, false],
  [null, now, false],
  [null, new Date("2030-01-01T08:00:00.001Z"), false],
  [null, new Date("2030-01-01T08:00:00Z"), true],
  ["CHARGE", later, false],
] as const)(
  "decision %s, hold until %s: a pending attempt is to be voided: %s",
  (feeDecision, holdExpireTime, is) => {
    expect(shouldVoid({ feeDecision, holdExpireTime }, now)).toBe(is);
  },
);

test.each([
  ["AUTHORIZED", null, now, true],
  ["AUTHORIZED", null, later, false],
  ["AUTHORIZED", null, null, false],
  ["AUTHORIZED", "CHARGE", now, false],
  ["AUTHORIZED", "RELEASE", now, false],
  ["CAPTURED", null, now, false],
  ["PROCESSING", null, now, false],
] as const)(
  "%s, decision %s, authorization expires at %s: expiring: %s",
  (status, feeDecision, authorizationExpireTime, is) => {
    expect(isExpiring({ status, feeDecision, authorizationExpireTime }, now)).toBe(is);
  },
);

test.each([
  ["AUTHORIZED", "VOIDED", "CHARGE", true],
  ["AUTHORIZED", "VOIDED", null, true],
  ["AUTHORIZED", "VOIDED", "RELEASE", false],
  ["AUTHORIZED", "CAPTURED", "CHARGE", false],
  ["PROCESSING", "VOIDED", "CHARGE", true],
  ["PROCESSING", "CANCELLED", "CHARGE", true],
  ["PROCESSING", "VOIDED", null, false],
  ["REQUIRES_AUTHORIZATION", "CANCELLED", null, false],
] as const)("from %s to %s with decision %s: the fee is lost: %s", (status, next, feeDecision, is) => {
  expect(isFeeLost({ status, feeDecision }, { status: next, feeDecision })).toBe(is);
});

/** Random input that may change a payment's status. */
const input = fc.oneof(
  fc.record({ kind: fc.constant("start" as const) }),
  fc.record({ kind: fc.constant("expire" as const) }),
  fc.record({
    kind: fc.constant("decide" as const),
    decision: fc.constantFrom<FeeDecision>("RELEASE", "CHARGE"),
  }),
  fc.record({
    kind: fc.constant("charge" as const),
    charge: fc.constantFrom<ChargeStatus>("PENDING", "DECLINED", "AUTHORIZED", "CAPTURED", "VOIDED"),
    isOver: fc.boolean(),
  }),
);
type Input = typeof input extends fc.Arbitrary<infer T> ? T : never;

function after(state: StatusAndDecision, event: Input): StatusAndDecision {
  switch (event.kind) {
    case "start":
      return canBecome(state.status, "PROCESSING") ? { ...state, status: "PROCESSING" } : state;
    case "expire":
      return { ...state, status: expire(state.status) };
    case "decide":
      return decide(state, event.decision);
    case "charge":
      return { ...state, status: statusAfterCharge(state.status, event.charge, event.isOver) };
  }
}

const START: StatusAndDecision = { status: "REQUIRES_AUTHORIZATION", feeDecision: null };

test("any sequence of inputs makes only allowed transitions, and RELEASE is final", () => {
  fc.assert(
    fc.property(fc.array(input, { maxLength: 30 }), (inputs) => {
      let state = START;
      for (const event of inputs) {
        const next = after(state, event);
        if (next.status !== state.status) expect(canBecome(state.status, next.status)).toBe(true);
        if (state.feeDecision === "RELEASE") expect(next.feeDecision).toBe("RELEASE");
        state = next;
      }
    }),
  );
});

test.each(["REQUIRES_AUTHORIZATION", "PROCESSING", "AUTHORIZED", "CAPTURED", "REFUNDED"] as const)(
  "the order of two decisions does not matter for %s",
  (status) => {
    const state: StatusAndDecision = { status, feeDecision: null };
    const one = decide(decide(state, "RELEASE"), "CHARGE");
    const other = decide(decide(state, "CHARGE"), "RELEASE");
    expect([one.status, nextStep({ ...UNTOUCHED, ...one })]).toEqual([
      other.status,
      nextStep({ ...UNTOUCHED, ...other }),
    ]);
  },
);

/** New status of the provider's charge after each processing step, by the status before the step. */
const EFFECTS: Record<Exclude<Step, "REFUND">, Partial<Record<ChargeStatus, ChargeStatus>>> = {
  ASK: { PENDING: "AUTHORIZED" },
  CAPTURE: { AUTHORIZED: "CAPTURED" },
  VOID: { AUTHORIZED: "VOIDED" },
};

const refundAll = (payment: StatusAndDecision & Funds) =>
  endRefund(beginRefund(payment, refundableMinor(payment)), refundableMinor(payment), "SUCCEEDED");

test("steps with decisions in between end as the decisions say", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.constantFrom<FeeDecision>("RELEASE", "CHARGE")), { maxLength: 10 }),
      fc.constantFrom<ChargeStatus>("PENDING", "DECLINED"),
      (decisions, first) => {
        let state: StatusAndDecision & Funds = { ...UNTOUCHED, status: "PROCESSING", feeDecision: null };
        let charge = first;
        const carryOut = () => {
          const step = nextStep(state);
          if (step === "REFUND") state = refundAll(state);
          if (!step || step === "REFUND") return;
          charge = EFFECTS[step][charge] ?? charge;
          state = { ...state, status: statusAfterCharge(state.status, charge, state.feeDecision !== null) };
        };
        for (const decision of decisions) {
          if (decision) state = { ...state, ...decide(state, decision) };
          carryOut();
        }
        for (let i = 0; i < 5; i++) carryOut();
        expect(nextStep(state)).toBeUndefined();
        const made = decisions.filter((decision) => decision !== null);
        if (first === "DECLINED") expect(charge).toBe("DECLINED");
        else if (made.includes("RELEASE")) expect(["VOIDED", "REFUNDED"]).toContain(state.status);
        else expect(state.status).toBe(made.length > 0 ? "CAPTURED" : "AUTHORIZED");
      },
    ),
  );
});

test("an attempt waits for its payer while it is in progress, undecided and has a page for them", () => {
  expect(waitsForPayer(payment("PROCESSING", later, WAITING))).toBe(true);
  expect(waitsForPayer(payment("AUTHORIZED", later, WAITING))).toBe(false);
  expect(waitsForPayer(payment("PROCESSING", later))).toBe(false);
  expect(waitsForPayer(payment("PROCESSING", later, { ...WAITING, feeDecision: "CHARGE" }))).toBe(false);
});

test.each(["PROCESSING", "AUTHORIZED", "CAPTURED", "VOIDED"] as const)(
  "a payment that is %s does not tell of its hold",
  (status) => {
    expect(() => assertAuthorizable(payment(status, now), now)).toThrow(
      expect.objectContaining({ reason: "ILLEGAL_TRANSITION" }),
    );
  },
);

test.each([
  ["VOIDED", null],
  ["CANCELLED", null],
  ["AUTHORIZED", "CHARGE"],
  ["REFUNDED", "CHARGE"],
] as const)("a payment that is %s, decided CHARGE, has the decision %s", (status, feeDecision) => {
  expect(decide({ status, feeDecision: null }, "CHARGE")).toEqual({ status, feeDecision });
});

test("what has gone back already is not refunded again", () => {
  const gone = { amountMinor: 5000, refundedMinor: 2000, refundingMinor: 3000 };
  expect(nextStep({ ...gone, status: "PARTIALLY_REFUNDED", feeDecision: "RELEASE" })).toBeUndefined();
});

test.each<[Payment_Status, Payment_Status[]]>([
  ["STATUS_UNSPECIFIED", []],
  ["REQUIRES_AUTHORIZATION", ["PROCESSING", "CANCELLED"]],
  ["PROCESSING", ["REQUIRES_AUTHORIZATION", "AUTHORIZED", "VOIDED", "CANCELLED"]],
  ["AUTHORIZED", ["CAPTURED", "VOIDED"]],
  ["CAPTURED", ["PARTIALLY_REFUNDED", "REFUNDED"]],
  ["PARTIALLY_REFUNDED", ["REFUNDED"]],
  ["REFUNDED", []],
])("from %s a payment comes to %j, and nowhere else", (current, reachable) => {
  const statuses: Payment_Status[] = [
    "REQUIRES_AUTHORIZATION",
    "PROCESSING",
    "AUTHORIZED",
    "CAPTURED",
    "PARTIALLY_REFUNDED",
    "REFUNDED",
    "VOIDED",
    "CANCELLED",
  ];
  expect(statuses.filter((next) => canBecome(current, next))).toEqual(reachable);
});
