import { beforeEach, expect, test } from "@jest/globals";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type Booked, book, DAY_MS, FEE, MINUTE_MS, offer, openPractice } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

/**
 * Time until the start of the new slot. It is short enough that the patient can join at once, and that a
 * patient who has accepted the new time is charged for a cancellation. It is long enough for the calls before
 * the start on a busy machine.
 */
const AT_ONCE_MS = 15_000;

const api = new Api(sharedStack().urls.gateway);
let doctor: Account;
let patient: Account;
let booked: Booked;

/** Books and pays for an appointment in ten days. */
beforeEach(async () => {
  [doctor, patient] = await Promise.all([openPractice(api, { fee: FEE }), signUp(api, "PATIENT")]);
  booked = await book(patient, await offer(doctor, 10 * DAY_MS));
  await eventually(
    () =>
      patient.api.send(`POST /v1/payments/${booked.paymentId}:authorize`, {
        key: true,
        body: { paymentMethod: "pm_card_visa" },
      }),
    ({ status }) => status === 200,
  );
  await untilConsultation(({ status }) => status === "SCHEDULED");
});

const bookingOf = (): Promise<Json> => patient.client.getBooking({ bookingId: booked.id });

/** Reads the consultation as the patient, until events have created or changed it as expected. */
async function untilConsultation(is: (consultation: Json) => boolean): Promise<Json> {
  const { body } = await eventually(
    () => patient.api.send(`GET /v1/consultations/${booked.consultationId}`),
    (answer) => answer.status === 200 && is(answer.body),
  );
  return body;
}

async function moveToNow(): Promise<Json> {
  const slotId = await offer(doctor, AT_ONCE_MS, 5 * MINUTE_MS);
  const moved = await doctor.client.rescheduleBooking({ bookingId: booked.id, slotId });
  await untilConsultation(({ startTime }) => startTime === moved.startTime);
  return moved;
}

const untilPayment = (status: string) =>
  eventually(
    () => patient.client.getPayment({ paymentId: booked.paymentId }),
    (payment) => payment.status === status,
  );

test("after a rescheduling from 10 days to seconds ahead, a no-show is refused, and the patient cancels free of charge after the start", async () => {
  const { startTime } = await bookingOf();
  const moved = await moveToNow();
  expect(moved.move).toEqual({
    movedBy: "DOCTOR",
    moveTime: expect.any(String),
    previousStartTime: startTime,
    accepted: false,
  });
  const path = `POST /v1/consultations/${booked.consultationId}`;
  await doctor.api.ok(`${path}:ready`);
  const mark = await eventually(
    () => doctor.api.send(`${path}:markNoShow`, { body: { party: "PATIENT" } }),
    ({ body }) => body.reason !== "TOO_EARLY",
  );
  expect(refusal(mark)).toEqual({ status: 409, reason: "MOVE_NOT_ACCEPTED" });
  const preview = await patient.client.previewCancellation({ bookingId: booked.id });
  expect(preview).toMatchObject({ feeDecision: "RELEASE", amount: FEE });
  expect(await patient.client.cancelBooking({ bookingId: booked.id })).toMatchObject({
    feeDecision: "RELEASE",
  });
  await untilPayment("VOIDED");
});

test("an accepted rescheduling binds: a repeat changes nothing, and a late cancellation is charged", async () => {
  const { startTime, endTime } = await moveToNow();
  const accept = `POST /v1/bookings/${booked.id}:acceptMove`;
  const accepted = await patient.api.ok(accept, { body: { startTime, endTime } });
  expect(accepted).toMatchObject({ status: "CONFIRMED", move: { movedBy: "DOCTOR", accepted: true } });
  expect(await patient.api.ok(accept, { body: { startTime, endTime } })).toEqual(accepted);
  expect(await patient.client.cancelBooking({ bookingId: booked.id })).toMatchObject({
    feeDecision: "CHARGE",
  });
  await untilPayment("CAPTURED");
});

test("an acceptance of a time that another rescheduling has replaced is refused with the current one", async () => {
  const slotId = await offer(doctor, 9 * DAY_MS);
  const seen = await doctor.client.rescheduleBooking({ bookingId: booked.id, slotId });
  const { startTime, endTime } = await moveToNow();
  const accept = (body: Json) => patient.api.send(`POST /v1/bookings/${booked.id}:acceptMove`, { body });
  const refused = await accept({ startTime: seen.startTime, endTime: seen.endTime });
  expect(refusal(refused)).toEqual({ status: 409, reason: "TIME_DIFFERS" });
  const present = refused.body.metadata as Json;
  expect(Date.parse(String(present.startTime))).toBe(Date.parse(String(startTime)));
  expect(Date.parse(String(present.endTime))).toBe(Date.parse(String(endTime)));
  for (const missing of [{}, { startTime }, { endTime }])
    expect(refusal(await accept(missing))).toEqual({ status: 400, reason: "INVALID_REQUEST" });
  expect((await bookingOf()).move).toMatchObject({ accepted: false });
  expect((await accept(present)).body.move).toMatchObject({ accepted: true });
});

test("a patient who joins has accepted the rescheduling", async () => {
  await moveToNow();
  await patient.client.joinConsultation({ consultationId: booked.consultationId });
  await eventually(bookingOf, ({ move }) => (move as Json).accepted === true);
});

test("a patient who has not accepted reschedules the booking back", async () => {
  const { startTime } = await bookingOf();
  await moveToNow();
  const slotId = await offer(doctor, 11 * DAY_MS);
  const back = await patient.client.rescheduleBooking({ bookingId: booked.id, slotId });
  expect(back).toMatchObject({
    slotId,
    sequence: 2,
    move: { movedBy: "PATIENT", previousStartTime: startTime, accepted: true },
  });
});
