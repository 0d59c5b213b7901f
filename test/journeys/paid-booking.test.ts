import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, signUp } from "../support/accounts.ts";
import { type Answer, Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import {
  type Booked,
  begin,
  book,
  DAY_MS,
  FEE,
  HOUR_MS,
  offer,
  openPractice,
  SOON_MS,
} from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const api = new Api(sharedStack().urls.gateway);
let doctor: Account;
let patient: Account;

beforeAll(async () => {
  doctor = await openPractice(api, { fee: FEE });
});

/** Books as a new patient, because the bookings of one patient must not overlap. */
async function bookFor(startsInMs: number): Promise<Booked> {
  patient = await signUp(api, "PATIENT");
  return await book(patient, await offer(doctor, startsInMs, 5 * 60_000));
}

const pay = ({ paymentId }: Booked, paymentMethod: string): Promise<Answer> =>
  patient.api.send(`POST /v1/payments/${paymentId}:authorize`, { key: true, body: { paymentMethod } });

const paymentOf = ({ paymentId }: Booked): Promise<Json> => patient.client.getPayment({ paymentId });

const bookingOf = ({ id }: Booked): Promise<Json> => patient.client.getBooking({ bookingId: id });

const previewOf = ({ id }: Booked): Promise<Json> => patient.client.previewCancellation({ bookingId: id });

const untilStatus = (ask: () => Promise<Json>, status: string): Promise<Json> =>
  eventually(ask, (answer) => answer.status === status);

describe("a paid consultation", () => {
  let booked: Booked;

  test("is held until it is paid, and its payment is readable after the response", async () => {
    booked = await bookFor(SOON_MS);
    expect(await bookingOf(booked)).toMatchObject({ status: "PENDING_PAYMENT", fee: FEE });
    const payment = await eventually(
      () => patient.api.send(`GET /v1/payments/${booked.paymentId}`),
      ({ status }) => status === 200,
    );
    expect(payment.body).toMatchObject({
      status: "REQUIRES_AUTHORIZATION",
      bookingId: booked.id,
      patientId: patient.id,
      amount: FEE,
    });
  });

  test("has no consultation yet", async () => {
    const read = await patient.api.send(`GET /v1/consultations/${booked.consultationId}`);
    expect(refusal(read)).toEqual({ status: 404, reason: "NOT_FOUND" });
  });

  test.each([
    ["pm_card_declined", "card_declined"],
    ["pm_card_insufficient_funds", "insufficient_funds"],
  ])("is not confirmed by %s, and another try is open", async (paymentMethod, declineCode) => {
    const declined = await pay(booked, paymentMethod);
    expect(refusal(declined)).toEqual({ status: 409, reason: "PAYMENT_DECLINED" });
    expect(declined.body.metadata).toEqual({ declineCode });
    expect(await paymentOf(booked)).toMatchObject({
      status: "REQUIRES_AUTHORIZATION",
      lastError: declineCode,
    });
  });

  test("is confirmed by a good card, and then has a consultation", async () => {
    const authorized = await pay(booked, "pm_card_visa");
    expect(authorized.body).toMatchObject({ status: "AUTHORIZED", bookingId: booked.id });
    await untilStatus(() => bookingOf(booked), "CONFIRMED");
    await eventually(
      () => patient.api.send(`GET /v1/consultations/${booked.consultationId}`),
      ({ status }) => status === 200,
    );
  });

  test("is not paid twice", async () => {
    expect(refusal(await pay(booked, "pm_card_visa"))).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
  });

  test("is captured when it is completed", async () => {
    const path = `/v1/consultations/${booked.consultationId}`;
    await begin(patient, doctor, booked.consultationId);
    await doctor.api.ok(`POST ${path}:complete`, { body: { notes: "All well." } });
    const payment = await untilStatus(() => paymentOf(booked), "CAPTURED");
    expect(payment).toMatchObject({ captureTime: expect.any(String), amount: FEE });
    await untilStatus(() => bookingOf(booked), "COMPLETED");
  });

  test("hides its payment from its doctor and other patients", async () => {
    const stranger = await signUp(api, "PATIENT");
    const path = `GET /v1/payments/${booked.paymentId}`;
    expect(refusal(await stranger.api.send(path))).toEqual({ status: 404, reason: "NOT_FOUND" });
    expect(refusal(await doctor.api.send(path))).toEqual({ status: 403, reason: "PERMISSION_DENIED" });
  });
});

test("cancelled before the cut-off, its fee is released and the slot is open again", async () => {
  const booked = await bookFor(2 * DAY_MS);
  await pay(booked, "pm_card_visa");
  const { slotId } = await untilStatus(() => bookingOf(booked), "CONFIRMED");
  expect(await previewOf(booked)).toMatchObject({ feeDecision: "RELEASE", amount: FEE });
  const cancelled = await patient.client.cancelBooking({ bookingId: booked.id, reason: "Away" });
  expect(cancelled).toMatchObject({ status: "CANCELLED", cancelledBy: "PATIENT", feeDecision: "RELEASE" });
  expect(await api.client.getSlot({ slotId: String(slotId) })).toMatchObject({ status: "OPEN" });
  await untilStatus(() => paymentOf(booked), "VOIDED");
  await untilStatus(
    () => patient.client.getConsultation({ consultationId: booked.consultationId }),
    "CANCELLED",
  );
});

test("cancelled by the patient after the cut-off, its fee is charged, as the preview said", async () => {
  const booked = await bookFor(2 * HOUR_MS);
  await pay(booked, "pm_card_visa");
  const { startTime } = await untilStatus(() => bookingOf(booked), "CONFIRMED");
  const cutoffTime = new Date(Date.parse(String(startTime)) - DAY_MS).toISOString();
  expect(await previewOf(booked)).toEqual({ feeDecision: "CHARGE", amount: FEE, cutoffTime });
  expect(await patient.client.cancelBooking({ bookingId: booked.id })).toMatchObject({
    feeDecision: "CHARGE",
  });
  await untilStatus(() => paymentOf(booked), "CAPTURED");
});

test("cancelled by the doctor after the cut-off, its fee is released", async () => {
  const booked = await bookFor(3 * HOUR_MS);
  await pay(booked, "pm_card_visa");
  await untilStatus(() => bookingOf(booked), "CONFIRMED");
  await doctor.client.cancelBooking({ bookingId: booked.id, reason: "Ill" });
  await untilStatus(() => paymentOf(booked), "VOIDED");
});

test("cancelled before it is paid, it cannot be paid", async () => {
  const booked = await bookFor(3 * DAY_MS);
  const cancelled = await patient.client.cancelBooking({ bookingId: booked.id });
  expect(cancelled).toMatchObject({ reason: "", feeDecision: "RELEASE" });
  await untilStatus(() => paymentOf(booked), "CANCELLED");
  expect(refusal(await pay(booked, "pm_card_visa"))).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
});

test.each([
  ["does not answer in time", "pm_provider_timeout", undefined],
  ["asks the patient to confirm", "pm_requires_action", expect.stringMatching(/^https?:/)],
])("a provider that %s leaves the payment PROCESSING until a later outcome", async (_what, method, url) => {
  const booked = await bookFor((method === "pm_requires_action" ? 5 : 4) * DAY_MS);
  const processing = await pay(booked, method);
  expect(processing.status).toBe(200);
  expect(processing.body.status).toBe("PROCESSING");
  expect(processing.body.nextActionUrl).toEqual(url);
  expect(await bookingOf(booked)).toMatchObject({ status: "PENDING_PAYMENT" });
  await untilStatus(() => paymentOf(booked), "AUTHORIZED");
  await untilStatus(() => bookingOf(booked), "CONFIRMED");
});

test("another card replaces one that waits for its payer, or the payer confirms first: it is paid once", async () => {
  const booked = await bookFor(7 * DAY_MS);
  const first = { key: "first card", body: { paymentMethod: "pm_requires_action" } };
  const path = `POST /v1/payments/${booked.paymentId}:authorize`;
  const waiting = await patient.api.send(path, first);
  expect(waiting.body).toMatchObject({ status: "PROCESSING", nextActionUrl: expect.any(String) });
  // On a busy machine, this call may come too late: the payment stub simulates the payer's confirmation after
  // two seconds.
  const second = await pay(booked, "pm_card_visa");
  if (second.status !== 200) {
    expect(refusal(second)).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
  }
  await untilStatus(() => paymentOf(booked), "AUTHORIZED");
  await untilStatus(() => bookingOf(booked), "CONFIRMED");
  expect(refusal(await pay(booked, "pm_card_visa"))).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
  expect((await patient.api.send(path, first)).text).toBe(waiting.text);
});

test("one key pays once: a repeat gets the same response, and another card is refused", async () => {
  const booked = await bookFor(6 * DAY_MS);
  const path = `POST /v1/payments/${booked.paymentId}:authorize`;
  const first = await patient.api.send(path, { key: "pay-1", body: { paymentMethod: "pm_card_visa" } });
  const again = await patient.api.send(path, { key: "pay-1", body: { paymentMethod: "pm_card_visa" } });
  const other = await patient.api.send(path, { key: "pay-1", body: { paymentMethod: "pm_card_declined" } });
  expect(again.text).toBe(first.text);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(refusal(other)).toEqual({ status: 422, reason: "IDEMPOTENCY_KEY_REUSED" });
});
