import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { StripeProvider } from "../providers/stripe-provider.ts";
import { StripeStandIn } from "../providers/testing/stripe-stand-in.ts";
import { type BillingTest, LEASE_MS, PENDING_DELAY_MS, startBilling } from "../testing/billing-fixture.ts";
import { HOLD_MS } from "../testing/booking-events.ts";

/** Billing with a provider whose payer confirms when the test says so. */
interface Setup {
  billing: BillingTest;
  /** Token of a payment method that needs the payer's confirmation. */
  waiting: string;
  /** Lets the payer confirm the payment's newest attempt. */
  confirm: (paymentId: string) => Promise<void>;
  /** States of the payment's attempts at the provider, oldest first. */
  charges: (paymentId: string) => Promise<string[]>;
  close: () => Promise<void>;
}

async function withStub(): Promise<Setup> {
  const billing = await startBilling();
  return {
    billing,
    waiting: "pm_requires_action",
    // The stub treats a payer as having confirmed after this delay.
    confirm: async () => billing.app.clock.advance(PENDING_DELAY_MS),
    charges: billing.chargeStatuses,
    close: () => billing.app.close(),
  };
}

const STATUSES: Record<string, string> = {
  requires_action: "PENDING",
  requires_capture: "AUTHORIZED",
  canceled: "VOIDED",
};

async function withStripe(): Promise<Setup> {
  const standIn = new StripeStandIn();
  const now = new Date("2030-01-01T09:00:00Z");
  const provider = new StripeProvider({
    apiKey: "sk_test_1",
    webhookSecret: "whsec_test",
    apiUrl: await standIn.start(),
    returnUrl: "https://clinic.test/paid",
    clock: { now: () => now },
  });
  const billing = await startBilling(provider);
  const intentsOf = async (paymentId: string) => {
    const attempts = await billing.app.db.read<{ id: string }>(
      "SELECT id FROM payment_attempts WHERE payment_id = ? ORDER BY id",
      [binaryId(paymentId)],
    );
    return attempts.flatMap(({ id }) =>
      [...standIn.intents.values()].filter(({ metadata }) => metadata.attempt_id === id),
    );
  };
  return {
    billing,
    waiting: "pm_card_authenticationRequired",
    confirm: async (paymentId) => {
      for (const { id } of (await intentsOf(paymentId)).slice(-1)) standIn.confirm(id);
    },
    charges: async (paymentId) =>
      (await intentsOf(paymentId)).map(({ status }) => STATUSES[status] ?? status),
    close: async () => {
      await billing.app.close();
      standIn.stop();
    },
  };
}

const ILLEGAL = { reason: "ILLEGAL_TRANSITION" };
const METHODS = ["find", "void", "authorize"];
const CUTS = METHODS.flatMap((method) =>
  (["onRequest", "onResponse"] as const).map((hook) => [method, hook] as const),
);

describe.each([
  ["the stub", withStub],
  ["Stripe", withStripe],
])("another card while the first waits for its payer, with %s:", (_name, setUp) => {
  let setup: Setup;
  let billing: BillingTest;
  let patient: Caller & { userId: string };
  beforeAll(async () => {
    setup = await setUp();
    billing = setup.billing;
  });
  afterAll(() => setup.close());
  beforeEach(() => {
    patient = userCaller("PATIENT");
    billing.provider.reset();
  });

  /** A payment whose first attempt waits for its payer. */
  async function waitingPayment(): Promise<string> {
    const { paymentId } = await billing.hold(patient);
    const { response } = await billing.authorize(paymentId, patient, setup.waiting, `first ${paymentId}`);
    expect(response).toMatchObject({ status: "PROCESSING", nextActionUrl: expect.any(String) });
    billing.provider.reset();
    return paymentId;
  }

  test("the provider cancels the first, then authorizes the second", async () => {
    const paymentId = await waitingPayment();
    const { response } = await billing.authorize(paymentId, patient);
    expect(response).toMatchObject({ status: "AUTHORIZED", nextActionUrl: undefined });
    expect(billing.provider.calls).toEqual(METHODS);
    expect(await setup.charges(paymentId)).toEqual(["VOIDED", "AUTHORIZED"]);
    expect(await billing.events(paymentId)).toHaveLength(1);
    expect((await billing.auditTrail(paymentId)).slice(1)).toEqual([
      `payment.attempt SUCCESS by ${patient.userId}`,
      `payment.replace_attempt SUCCESS by ${patient.userId}`,
      `payment.authorize SUCCESS by ${patient.userId}`,
    ]);
    // A repeated call with the first key gets the first response again, and changes nothing.
    const again = await billing.authorize(paymentId, patient, setup.waiting, `first ${paymentId}`);
    expect(again).toMatchObject({ replayed: true, response: { status: "PROCESSING" } });
    await setup.confirm(paymentId);
    await billing.process();
    expect(await setup.charges(paymentId)).toEqual(["VOIDED", "AUTHORIZED"]);
  });

  test("the second may also wait for its payer and be replaced", async () => {
    const paymentId = await waitingPayment();
    await billing.authorize(paymentId, patient, setup.waiting);
    await billing.authorize(paymentId, patient);
    expect(await setup.charges(paymentId)).toEqual(["VOIDED", "VOIDED", "AUTHORIZED"]);
  });

  test("a confirmed first attempt wins", async () => {
    const paymentId = await waitingPayment();
    await setup.confirm(paymentId);
    const second = () => billing.authorize(paymentId, patient, "pm_card_visa", `second ${paymentId}`);
    await expect(second()).rejects.toMatchObject({ ...ILLEGAL, metadata: { current: "AUTHORIZED" } });
    expect(billing.provider.calls).toEqual(["find"]);
    expect(await setup.charges(paymentId)).toEqual(["AUTHORIZED"]);
    expect((await billing.read(paymentId)).status).toBe("AUTHORIZED");
    expect(await billing.events(paymentId)).toHaveLength(1);
    await expect(second()).rejects.toMatchObject(ILLEGAL);
  });

  test("a confirmation during the cancellation of the first attempt has no effect", async () => {
    const paymentId = await waitingPayment();
    billing.provider.onResponse = async () => {
      if (billing.provider.calls.at(-1) === "find") await setup.confirm(paymentId);
    };
    expect((await billing.authorize(paymentId, patient)).response.status).toBe("AUTHORIZED");
    expect(await setup.charges(paymentId)).toEqual(["VOIDED", "AUTHORIZED"]);
    expect(await billing.events(paymentId)).toHaveLength(1);
  });

  test.each(CUTS)("a failed call of %s in %s is repaired", async (method, hook) => {
    const paymentId = await waitingPayment();
    billing.provider[hook] = async () => {
      if (billing.provider.calls.at(-1) === method) throw new Error("unreachable");
    };
    const { response } = await billing.authorize(paymentId, patient);
    expect(response).toMatchObject({ status: "PROCESSING", nextActionUrl: undefined });
    billing.provider.reset();
    billing.app.clock.advance(LEASE_MS);
    await billing.process();
    await expectOneAuthorization(paymentId);
  });

  test.each(CUTS)("a crash in a call of %s in %s is repaired", async (method, hook) => {
    const paymentId = await waitingPayment();
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    billing.provider[hook] = () => {
      if (billing.provider.calls.at(-1) !== method) return Promise.resolve();
      reach();
      return new Promise(() => {});
    };
    void billing.authorize(paymentId, patient);
    await reached;
    billing.provider.reset();
    billing.app.clock.advance(LEASE_MS);
    await billing.process();
    await expectOneAuthorization(paymentId);
  });

  /**
   * Expects exactly one authorization. With the stub, the authorization may belong to the first card, because
   * the stub's payer confirms the first attempt before the lease expires.
   */
  async function expectOneAuthorization(paymentId: string): Promise<void> {
    expect((await billing.read(paymentId)).status).toBe("AUTHORIZED");
    const charges = await setup.charges(paymentId);
    expect(charges.filter((status) => status === "AUTHORIZED")).toHaveLength(1);
    expect(charges).not.toContain("PENDING");
    expect(await billing.events(paymentId)).toHaveLength(1);
  }

  test("a request slower than its lease does not send the second after the job kept the first", async () => {
    const paymentId = await waitingPayment();
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: delay, resolve: goOn } = Promise.withResolvers<void>();
    billing.provider.onResponse = () => {
      reach();
      return delay;
    };
    const slow = billing.authorize(paymentId, patient);
    await reached;
    billing.provider.onResponse = async () => {};
    await setup.confirm(paymentId);
    billing.app.clock.advance(LEASE_MS);
    await billing.process();
    goOn();
    await expect(slow).rejects.toMatchObject(ILLEGAL);
    expect(billing.provider.calls).toEqual(["find", "find"]);
    await expectOneAuthorization(paymentId);
  });

  test("the job also cancels a confirmation after the decision to cancel the first", async () => {
    const paymentId = await waitingPayment();
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    billing.provider.onRequest = () => {
      if (billing.provider.calls.at(-1) !== "void") return Promise.resolve();
      reach();
      return new Promise(() => {});
    };
    void billing.authorize(paymentId, patient);
    await reached;
    billing.provider.reset();
    await setup.confirm(paymentId);
    billing.app.clock.advance(LEASE_MS);
    await billing.process();
    expect(await setup.charges(paymentId)).toEqual(["VOIDED", "AUTHORIZED"]);
    await expectOneAuthorization(paymentId);
  });

  test("of many concurrent cards, one replaces the first and the others are refused", async () => {
    const paymentId = await waitingPayment();
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => billing.authorize(paymentId, patient)),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject(ILLEGAL);
    expect(await setup.charges(paymentId)).toEqual(["VOIDED", "AUTHORIZED"]);
  });

  test("nothing stays authorized if the booking is cancelled meanwhile", async () => {
    const held = await billing.hold(patient);
    await billing.authorize(held.paymentId, patient, setup.waiting);
    billing.provider.onRequest = async () => {
      throw new Error("unreachable");
    };
    await billing.authorize(held.paymentId, patient);
    billing.provider.reset();
    await billing.deliver(held.cancelledFree);
    billing.app.clock.advance(LEASE_MS);
    await billing.process();
    await billing.process();
    expect(await setup.charges(held.paymentId)).not.toContain("AUTHORIZED");
    expect((await billing.read(held.paymentId)).status).toBe("VOIDED");
  });

  test("is refused after the hold has ended", async () => {
    const paymentId = await waitingPayment();
    billing.app.clock.advance(HOLD_MS);
    await expect(billing.authorize(paymentId, patient)).rejects.toMatchObject({ reason: "HOLD_EXPIRED" });
    expect(billing.provider.calls).toEqual([]);
  });
});

test("an attempt without an answer cannot be replaced", async () => {
  const billing = await startBilling();
  const patient = userCaller("PATIENT");
  const { paymentId } = await billing.hold(patient);
  await billing.authorize(paymentId, patient, "pm_provider_timeout");
  await expect(billing.authorize(paymentId, patient)).rejects.toMatchObject({
    ...ILLEGAL,
    metadata: { current: "PROCESSING" },
  });
  expect(await billing.chargeStatuses(paymentId)).toEqual(["AUTHORIZED"]);
  await billing.app.close();
});
