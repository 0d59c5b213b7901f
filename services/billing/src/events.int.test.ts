import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { testEvents } from "@medconnect/platform/testing/event-tests.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { EVENT_ROUTES } from "./app.ts";
import { type BillingTest, LEASE_MS, startBilling } from "./testing/billing-fixture.ts";
import { HOLD_MS } from "./testing/booking-events.ts";

/** Time after the hold in which a payer's late confirmation is still accepted. */
const CONFIRM_LATE_MS = 3_600_000;
const patient = userCaller("PATIENT");

let billing: BillingTest;

beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());
beforeEach(() => billing.provider.reset());

type Held = Awaited<ReturnType<BillingTest["hold"]>>;

const expire = async ({ expired }: Held) => {
  billing.app.clock.advance(HOLD_MS);
  await billing.deliver(expired);
};

/** Starts an attempt whose answer from the provider is lost. */
async function lostAttempt(held: Held, card: string) {
  billing.provider.onResponse = async () => {
    throw new Error("cut");
  };
  await billing.authorize(held.paymentId, patient, card);
  billing.provider.reset();
}

const processDue = async () => {
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
};

testEvents(
  EVENT_ROUTES,
  {
    "payment.authorized": async () => billing.authorize((await billing.hold(patient)).paymentId, patient),
    "payment.cancelled": async () => expire(await billing.hold(patient)),
  },
  () => billing.app.db,
);

/** Ways in which a payment ends without confirming its booking. */
const ENDS: [string, (held: Held) => Promise<void>][] = [
  ["the hold ends without an attempt", expire],
  [
    "the hold ends after a declined attempt",
    async (held) => {
      const declined = billing.authorize(held.paymentId, patient, "pm_card_declined");
      await expect(declined).rejects.toMatchObject({ reason: "PAYMENT_DECLINED" });
      await expire(held);
    },
  ],
  [
    "an attempt is declined after the end of the hold",
    async (held) => {
      await lostAttempt(held, "pm_card_declined");
      await expire(held);
      await processDue();
    },
  ],
  [
    "an attempt is declined after the hold by billing's clock, before scheduling's event",
    async (held) => {
      await lostAttempt(held, "pm_card_declined");
      billing.app.clock.advance(HOLD_MS);
      await processDue();
      await billing.deliver(held.expired);
    },
  ],
  [
    "the patient never confirms the attempt",
    async (held) => {
      await billing.authorize(held.paymentId, patient, "pm_requires_action");
      // The stub treats a payer as having confirmed at `outcome_time`. A time in the far future means that
      // this payer never confirms.
      await billing.app.db.write("UPDATE stub_charges SET outcome_time = '9999-12-31'");
      await expire(held);
      billing.app.clock.advance(CONFIRM_LATE_MS);
      await processDue();
    },
  ],
];

const eventTypesOf = async (paymentId: string) => (await billing.events(paymentId)).map(({ type }) => type);

test.each(ENDS)("sends payment.cancelled once: %s", async (_, end) => {
  const held = await billing.hold(patient);
  await end(held);
  await processDue();
  expect(await eventTypesOf(held.paymentId)).toEqual(["payment.cancelled"]);
});

test("sends payment.cancelled once: booking.expired arrives without booking.held", async () => {
  const { paymentId, expired } = billing.booking(patient);
  await billing.deliver(expired);
  expect(await eventTypesOf(paymentId)).toEqual(["payment.cancelled"]);
});
