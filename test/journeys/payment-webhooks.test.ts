import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { signUp } from "../support/accounts.ts";
import { Api, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type OwnStack, START_TIMEOUT_MS, startOwnStack } from "../support/own-stack.ts";
import { book, DAY_MS, FEE, offer, openPractice } from "../support/practice.ts";

const HEARD_WITHIN_MS = 60_000;

let stack: OwnStack;
let api: Api;

beforeAll(async () => {
  // During the test, billing does not ask the provider. So only a webhook can tell billing that a pending
  // charge has succeeded.
  stack = await startOwnStack({ PROCESS_EVERY: "1h", STUB_PENDING_DELAY: "500ms" });
  api = new Api(stack.urls.gateway);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await stack?.stop();
}, START_TIMEOUT_MS);

test("a signed webhook completes a pending payment, which confirms its booking", async () => {
  const [doctor, patient] = await Promise.all([openPractice(api, { fee: FEE }), signUp(api, "PATIENT")]);
  const { id, paymentId } = await book(patient, await offer(doctor, DAY_MS));
  const { status } = await patient.client.authorizePayment({
    paymentId,
    paymentMethod: "pm_requires_action",
  });
  expect(status).toBe("PROCESSING");
  await eventually(
    () => patient.client.getBooking({ bookingId: id }),
    (booking) => booking.status === "CONFIRMED",
    HEARD_WITHIN_MS,
  );
});

test("an unsigned webhook is refused", async () => {
  const body = { id: "evt_1", type: "charge.updated", attemptId: "made up" };
  const forged = await api.send("POST /v1/webhooks/payments/stub", {
    body,
    headers: { "stub-signature": `t=${Math.floor(Date.now() / 1000)},v1=${"0".repeat(64)}` },
  });
  expect(refusal(forged)).toMatchObject({ reason: "INVALID_SIGNATURE" });
});
