import { expect, test } from "@jest/globals";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import {
  type Booked,
  begin,
  book,
  FEE,
  MINUTE_MS,
  offer,
  openPractice,
  SOON_MS,
} from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

/**
 * Time until the appointments start: enough to book and pay on a busy machine. The tests run concurrently, so
 * they all wait at the same time.
 */
const AT_ONCE_MS = 15_000;

const api = new Api(sharedStack().urls.gateway);

interface Appointment {
  doctor: Account;
  patient: Account;
  booked: Booked;
}

/** Books and pays for a consultation that nobody joins. */
async function appointment(startsInMs: number): Promise<Appointment> {
  const [doctor, patient] = await Promise.all([openPractice(api, { fee: FEE }), signUp(api, "PATIENT")]);
  const booked = await book(patient, await offer(doctor, startsInMs, 5 * MINUTE_MS));
  const authorize = `POST /v1/payments/${booked.paymentId}:authorize`;
  await eventually(
    () => patient.api.send(authorize, { key: true, body: { paymentMethod: "pm_card_visa" } }),
    ({ status }) => status === 200,
  );
  await eventually(
    () => patient.api.send(`GET /v1/consultations/${booked.consultationId}`),
    ({ status }) => status === 200,
  );
  return { doctor, patient, booked };
}

/**
 * Waits until booking, consultation and payment have these statuses.
 *
 * @returns booking, consultation and payment, as the patient sees them
 */
async function untilAll(
  { patient, booked }: Appointment,
  statuses: { booking: string; consultation: string; payment: string },
): Promise<{ booking: Json; consultation: Json; payment: Json }> {
  const until = (path: string, status: string) =>
    eventually(
      () => patient.api.ok(`GET ${path}`),
      (answer) => answer.status === status,
    );
  return {
    booking: await until(`/v1/bookings/${booked.id}`, statuses.booking),
    consultation: await until(`/v1/consultations/${booked.consultationId}`, statuses.consultation),
    payment: await until(`/v1/payments/${booked.paymentId}`, statuses.payment),
  };
}

const cancel = ({ patient, booked }: Appointment) =>
  patient.api.send(`POST /v1/bookings/${booked.id}:cancel`);

test.concurrent.each([
  ["PATIENT", "CAPTURED", "the fee is due"],
  ["DOCTOR", "VOIDED", "the money is let go"],
])("missed by the %s, a payment is %s: %s", async (party, payment) => {
  const missed = await appointment(AT_ONCE_MS);
  const { doctor, booked } = missed;
  const path = `/v1/consultations/${booked.consultationId}`;
  const mark = () => doctor.api.send(`POST ${path}:markNoShow`, { body: { party } });
  expect(await doctor.api.ok(`POST ${path}:ready`)).toMatchObject({
    status: "SCHEDULED",
    doctorReadyTime: expect.any(String),
  });
  expect(refusal(await mark())).toEqual({ status: 409, reason: "TOO_EARLY" });
  const marked = await eventually(mark, ({ status }) => status === 200);
  expect(marked.body).toMatchObject({ status: "NO_SHOW", noShowParty: party });

  const seen = await untilAll(missed, { booking: "NO_SHOW", consultation: "NO_SHOW", payment });
  expect(seen.consultation).toMatchObject({ noShowParty: party });
  expect(refusal(await cancel(missed))).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
});

/**
 * Waits until the appointment starts. NO_SHOW_AFTER is 0s, so a no-show can be reported from the start on.
 */
const untilStarted = async ({ patient, booked }: Appointment) => {
  const { startTime } = await patient.client.getConsultation({ consultationId: booked.consultationId });
  await eventually(
    async () => Date.now(),
    (now) => now > Date.parse(String(startTime)),
  );
};

test.concurrent("joining late does not prevent a no-show for a doctor who was ready", async () => {
  const missed = await appointment(AT_ONCE_MS);
  const { doctor, patient, booked } = missed;
  const path = `/v1/consultations/${booked.consultationId}`;
  await doctor.api.ok(`POST ${path}:ready`);
  await untilStarted(missed);
  expect(await patient.api.ok(`POST ${path}:join`)).toMatchObject({
    status: "WAITING",
    lateParty: "PATIENT",
  });
  await doctor.api.ok(`POST ${path}:markNoShow`, { body: { party: "PATIENT" } });
  await untilAll(missed, { booking: "NO_SHOW", consultation: "NO_SHOW", payment: "CAPTURED" });
});

test.concurrent("a doctor who starts late gets no fee, although the consultation takes place", async () => {
  const late = await appointment(AT_ONCE_MS);
  const { doctor, patient, booked } = late;
  const path = `/v1/consultations/${booked.consultationId}`;
  await patient.api.ok(`POST ${path}:join`);
  await untilStarted(late);
  expect(await doctor.api.ok(`POST ${path}:start`)).toMatchObject({ lateParty: "DOCTOR" });
  await doctor.api.ok(`POST ${path}:complete`, { body: { notes: "x" } });
  const seen = await untilAll(late, { booking: "COMPLETED", consultation: "COMPLETED", payment: "VOIDED" });
  expect(seen.booking).toMatchObject({ feeDecision: "RELEASE" });
});

test.concurrent("a patient who never joined is charged neither by a start nor by a no-show without a ready doctor", async () => {
  const unmet = await appointment(AT_ONCE_MS);
  const { doctor, booked } = unmet;
  const path = `/v1/consultations/${booked.consultationId}`;
  const start = await doctor.api.send(`POST ${path}:start`);
  expect(refusal(start)).toEqual({ status: 409, reason: "PATIENT_NOT_JOINED" });
  const complete = await doctor.api.send(`POST ${path}:complete`, { body: { notes: "x" } });
  expect(refusal(complete)).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
  const mark = await eventually(
    () => doctor.api.send(`POST ${path}:markNoShow`, { body: { party: "PATIENT" } }),
    ({ body }) => body.reason !== "TOO_EARLY",
  );
  expect(refusal(mark)).toEqual({ status: 409, reason: "DOCTOR_NOT_READY" });
  await untilAll(unmet, { booking: "CONFIRMED", consultation: "SCHEDULED", payment: "AUTHORIZED" });
});

test.concurrent("after the doctor abandons it, the booking is cancelled and the fee is released", async () => {
  const brokenOff = await appointment(SOON_MS);
  const { doctor, patient, booked } = brokenOff;
  const path = `/v1/consultations/${booked.consultationId}`;
  await begin(patient, doctor, booked.consultationId);
  const abandoned = await doctor.api.ok(`POST ${path}:abandon`, { body: { reason: "The line broke" } });
  expect(abandoned).toMatchObject({ status: "ABANDONED" });

  const statuses = { booking: "CANCELLED", consultation: "ABANDONED", payment: "VOIDED" };
  const { booking } = await untilAll(brokenOff, statuses);
  expect(booking).toMatchObject({ cancelledBy: "DOCTOR" });
  expect(refusal(await cancel(brokenOff))).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
});
