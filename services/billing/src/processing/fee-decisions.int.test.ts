import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, startBilling } from "../testing/billing-fixture.ts";

type Held = Awaited<ReturnType<BillingTest["hold"]>>;

let billing: BillingTest;
let patient: Caller & { userId: string };

beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

beforeEach(() => {
  patient = userCaller("PATIENT");
  billing.provider.reset();
});

const authorized = () => billing.authorized(patient);

const captured = () => billing.captured(patient);

const statusOf = async ({ paymentId }: Held) => (await billing.read(paymentId)).status;

test("booking.held creates a payment that requires authorization", async () => {
  const { paymentId, bookingId } = await billing.hold(patient);
  expect(await billing.read(paymentId, patient)).toMatchObject({
    bookingId,
    patientId: patient.userId,
    status: "REQUIRES_AUTHORIZATION",
    amount: { currencyCode: "USD", amountMinor: 5000 },
    refunded: { currencyCode: "USD", amountMinor: 0 },
    provider: "stub",
  });
});

test.each([
  ["expired", "CANCELLED"],
  ["cancelledFree", "CANCELLED"],
] as const)("before an authorization, %s makes the payment %s", async (event, status) => {
  const held = await billing.hold(patient);
  await billing.deliver(held[event]);
  await billing.process();
  expect(await statusOf(held)).toBe(status);
  expect(billing.provider.calls).toEqual([]);
});

test.each([
  ["expired", "AUTHORIZED", []],
  ["refused", "VOIDED", ["void"]],
  ["cancelledFree", "VOIDED", ["void"]],
  ["cancelledLate", "CAPTURED", ["capture"]],
  ["completed", "CAPTURED", ["capture"]],
  ["completedWithLatePatient", "CAPTURED", ["capture"]],
  ["completedByLateDoctor", "VOIDED", ["void"]],
  ["noShowOfPatient", "CAPTURED", ["capture"]],
  ["noShowOfDoctor", "VOIDED", ["void"]],
  ["abandoned", "VOIDED", ["void"]],
  ["missedByPatient", "CAPTURED", ["capture"]],
  ["missedByOthers", "VOIDED", ["void"]],
] as const)("after the authorization, %s makes the payment %s", async (event, status, calls) => {
  const held = await authorized();
  billing.provider.reset();
  await billing.deliver(held[event]);
  await billing.process();
  expect(await statusOf(held)).toBe(status);
  expect(billing.provider.calls).toEqual(calls);
});

test("a captured payment is refunded after a RELEASE", async () => {
  const held = await captured();
  expect(await billing.read(held.paymentId)).toMatchObject({
    status: "CAPTURED",
    captureTime: billing.app.clock.now(),
  });
  await billing.deliver(held.cancelledFree);
  await billing.process();
  expect(await billing.read(held.paymentId)).toMatchObject({
    status: "REFUNDED",
    refunded: { currencyCode: "USD", amountMinor: 5000 },
  });
  expect((await billing.auditTrail(held.paymentId)).slice(-4)).toEqual([
    "payment.decide SUCCESS by service:clinical",
    "payment.capture SUCCESS by service:billing",
    "payment.decide SUCCESS by service:scheduling",
    "payment.refund SUCCESS by service:billing",
  ]);
});

test.each([
  ["takes place", "completed", "CAPTURED"],
  ["is cancelled in time", "cancelledFree", "REFUNDED"],
  ["is missed by its doctor", "noShowOfDoctor", "REFUNDED"],
] as const)(
  "a fee captured for a no-show at an outdated time belongs to the new appointment, which %s",
  async (_, event, status) => {
    const held = await authorized();
    await billing.deliver(held.noShowOfPatient);
    await billing.process();
    expect(await statusOf(held)).toBe("CAPTURED");
    await billing.deliver({ ...held[event], version: 3 });
    await billing.process();
    expect(await statusOf(held)).toBe(status);
    expect(billing.provider.calls.filter((call) => call === "capture")).toHaveLength(1);
  },
);

test("booking.cancelled before booking.held creates a CANCELLED payment", async () => {
  const { held, cancelledFree, paymentId } = billing.booking(patient);
  await billing.deliver(cancelledFree);
  await billing.deliver(held);
  expect((await billing.read(paymentId)).status).toBe("CANCELLED");
});

test("a batch creates a payment for each booking with a fee, despite an invalid event", async () => {
  const bookings = Array.from({ length: 5 }, () => billing.booking(patient));
  const free = billing.booking(patient, "");
  const broken = billing.booking(patient, "not an id, and longer than any id has a right to be");
  const failures = await billing.deliver(...[...bookings, free, broken].map(({ held }) => held));
  expect(failures).toHaveLength(1);
  for (const { paymentId } of bookings) {
    expect((await billing.read(paymentId)).status).toBe("REQUIRES_AUTHORIZATION");
  }
});

test("an end of a free booking is ignored; one with an unknown payment fails, to be retried", async () => {
  expect(await billing.deliver(billing.booking(patient, "").completed)).toEqual([]);
  expect(await billing.deliver(billing.booking(patient, "").closedCharged)).toEqual([]);
  expect(await billing.deliver(billing.booking(patient).completed)).toEqual(["INTERNAL"]);
  expect(await billing.deliver(billing.booking(patient).closedCharged)).toEqual(["INTERNAL"]);
});

test.each([
  ["closedCharged", "CAPTURED"],
  ["closedReleased", "VOIDED"],
  ["noShowOfBoth", "VOIDED"],
] as const)("%s decides the fee: %s", async (end, status) => {
  const held = await authorized();
  expect(await billing.deliver(held[end])).toEqual([]);
  await billing.process();
  expect(await statusOf(held)).toBe(status);
});

test.each([
  ["closedCharged", "completed", "charged"],
  ["closedCharged", "noShowOfPatient", "charged"],
  ["closedCharged", "noShowOfDoctor", "released"],
  ["closedCharged", "noShowOfBoth", "released"],
  ["closedCharged", "abandoned", "released"],
  ["closedReleased", "completed", "released"],
  ["closedReleased", "noShowOfPatient", "released"],
  ["closedReleased", "abandoned", "released"],
] as const)(
  "an admin's %s and the consultation's %s, in any order: the fee is %s",
  async (closed, ended, fee) => {
    for (const isProcessedBetween of [true, false]) {
      for (const order of [
        [closed, ended],
        [ended, closed],
      ] as const) {
        const held = await authorized();
        billing.provider.reset();
        for (const event of order) {
          expect(await billing.deliver(held[event])).toEqual([]);
          if (isProcessedBetween) await billing.process();
        }
        await billing.process();
        expect(await statusOf(held)).toMatch(fee === "charged" ? /^CAPTURED$/ : /^(VOIDED|REFUNDED)$/);
        expect(billing.provider.calls.filter((call) => call === "capture").length).toBeLessThanOrEqual(1);
        const given = await billing.refundedAmounts(held.paymentId);
        expect(given.length).toBe((await statusOf(held)) === "REFUNDED" ? 1 : 0);
      }
    }
  },
);
