import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { type Connection, createConnection } from "mysql2/promise";
import { type Account, signUp, signUpAdmin } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { Grpc } from "../support/grpc.ts";
import { type Booked, begin, book, FEE, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const SETTLED_WITHIN_MS = 60_000;

const stack = sharedStack();
const api = new Api(stack.urls.gateway);
let database: Connection;
let admin: Account;

beforeAll(async () => {
  database = await createConnection({ uri: stack.urls.mysql });
  admin = await signUpAdmin(api, stack);
});
afterAll(() => database.end());

interface Appointment {
  doctor: Account;
  patient: Account;
  booked: Booked;
}

async function appointment(): Promise<Appointment> {
  const [doctor, patient] = await Promise.all([openPractice(api, { fee: FEE }), signUp(api, "PATIENT")]);
  const booked = await book(patient, await offer(doctor, SOON_MS));
  await eventually(
    () =>
      patient.api.send(`POST /v1/payments/${booked.paymentId}:authorize`, {
        key: true,
        body: { paymentMethod: "pm_card_visa" },
      }),
    ({ status }) => status === 200,
    SETTLED_WITHIN_MS,
  );
  await eventually(
    () => patient.api.send(`GET /v1/consultations/${booked.consultationId}`),
    ({ status }) => status === 200,
    SETTLED_WITHIN_MS,
  );
  return { doctor, patient, booked };
}

/**
 * Moves an appointment this many hours into the past. So the test need not wait until the appointment ends.
 */
async function pass({ booked }: Appointment, hours: number): Promise<void> {
  const shift = "start_time = start_time - INTERVAL ? HOUR, end_time = end_time - INTERVAL ? HOUR";
  const { id, consultationId } = booked;
  await database.query(`UPDATE medconnect_scheduling.bookings SET ${shift} WHERE id = ?`, [
    hours,
    hours,
    binaryId(id),
  ]);
  await database.query(`UPDATE medconnect_clinical.consultations SET ${shift} WHERE id = ?`, [
    hours,
    hours,
    binaryId(consultationId),
  ]);
}

const close = ({ booked }: Appointment, outcome: string, feeDecision: string, by = admin) =>
  by.api.send(`POST /v1/bookings/${booked.id}:close`, {
    body: { outcome, feeDecision, reason: "The doctor wrote that they met." },
  });

async function untilAll({ patient, booked }: Appointment, statuses: Record<string, string>): Promise<Json[]> {
  const paths: Record<string, string> = {
    booking: `/v1/bookings/${booked.id}`,
    consultation: `/v1/consultations/${booked.consultationId}`,
    payment: `/v1/payments/${booked.paymentId}`,
  };
  return await Promise.all(
    Object.entries(statuses).map(([what, status]) =>
      eventually(
        () => patient.api.ok(`GET ${paths[what]}`),
        (answer) => answer.status === status,
        SETTLED_WITHIN_MS,
      ),
    ),
  );
}

test("an admin closes an overdue booking: consultation and payment follow, and the doctor adds an addendum", async () => {
  const forgotten = await appointment();
  const { doctor, patient, booked } = forgotten;
  await begin(patient, doctor, booked.consultationId);
  expect(refusal(await close(forgotten, "COMPLETED", "CHARGE"))).toEqual({
    status: 409,
    reason: "TOO_EARLY",
  });
  await pass(forgotten, 1);
  for (const other of [doctor, patient]) {
    expect((await close(forgotten, "COMPLETED", "CHARGE", other)).status).toBe(403);
  }
  const closed = await close(forgotten, "COMPLETED", "CHARGE");
  expect(closed.body).toMatchObject({
    status: "COMPLETED",
    feeDecision: "CHARGE",
    close: { outcome: "COMPLETED", closeTime: expect.any(String) },
  });
  const again = await close(forgotten, "COMPLETED", "CHARGE");
  expect(again).toMatchObject({ status: 200, body: closed.body });
  const [booking, consultation] = await untilAll(forgotten, {
    booking: "COMPLETED",
    consultation: "COMPLETED",
    payment: "CAPTURED",
  });
  expect(booking!.close).toMatchObject({ reason: "The doctor wrote that they met." });
  expect(consultation).toMatchObject({ closedByAdmin: true, notes: "" });
  const addendum = { body: { text: "It was the flu." } };
  await doctor.api.ok(`POST /v1/consultations/${booked.consultationId}/addenda`, addendum);
});

test("a fee that an admin releases is voided, and another closing is refused", async () => {
  const missed = await appointment();
  await pass(missed, 1);
  expect((await close(missed, "NO_SHOW_DOCTOR", "RELEASE")).body).toMatchObject({
    status: "NO_SHOW",
    feeDecision: "RELEASE",
  });
  const [, consultation] = await untilAll(missed, {
    booking: "NO_SHOW",
    consultation: "NO_SHOW",
    payment: "VOIDED",
  });
  expect(consultation).toMatchObject({ noShowParty: "DOCTOR", closedByAdmin: true });
  const { consultationId } = missed.booked;
  const mark = await missed.doctor.api.send(`POST /v1/consultations/${consultationId}:markNoShow`, {
    body: { party: "PATIENT" },
  });
  expect(refusal(mark)).toEqual({ status: 409, reason: "ILLEGAL_TRANSITION" });
  const otherwise = await close(missed, "COMPLETED", "CHARGE");
  expect(refusal(otherwise)).toEqual({ status: 409, reason: "BOOKING_CLOSED" });
  const decision = { outcome: "NO_SHOW_DOCTOR", feeDecision: "RELEASE" };
  expect(otherwise.body).toMatchObject({ metadata: decision });
});

test("an unattended booking closes itself two hours after its end, and its fee is released", async () => {
  const untouched = await appointment();
  await pass(untouched, 3);
  const [booking, consultation] = await untilAll(untouched, {
    booking: "NO_SHOW",
    consultation: "NO_SHOW",
    payment: "VOIDED",
  });
  expect(booking).toMatchObject({ feeDecision: "RELEASE" });
  expect(consultation).toMatchObject({ noShowParty: "BOTH", closedByAdmin: false });
});

test("a consultation in progress a day after its end is listed for admins, and its fee is not decided", async () => {
  const overdue = await appointment();
  const { doctor, patient, booked } = overdue;
  await begin(patient, doctor, booked.consultationId);
  await pass(overdue, 25);
  const list = "GET /v1/admin/overdue-consultations?pageSize=100";
  const { consultations } = await admin.api.ok(list);
  const own = (consultations as Json[]).find(({ id }) => id === booked.consultationId);
  expect(own).toMatchObject({ status: "IN_PROGRESS", patientId: patient.id, bookingId: booked.id });
  expect(own).not.toHaveProperty("notes");
  expect((await doctor.api.send(list)).status).toBe(403);
  await untilAll(overdue, { booking: "CONFIRMED", payment: "AUTHORIZED" });
  const { entries } = await patient.client.listAccessLog({ pageSize: 100 });
  expect(entries).toContainEqual(
    expect.objectContaining({ action: "consultation.list_overdue", relation: "ADMINISTRATION" }),
  );
});

test("closing works the same over gRPC, and requires all fields", async () => {
  const missed = await appointment();
  await pass(missed, 1);
  const grpc = new Grpc(stack.addresses.scheduling);
  try {
    const call = (more: Json) =>
      grpc.call("scheduling.v1.BookingService/CloseBooking", { bookingId: missed.booked.id, ...more }, admin);
    const empty = await call({});
    expect(empty).toMatchObject({ name: "INVALID_ARGUMENT", reason: "INVALID_REQUEST" });
    const fields = empty.violations.map(({ field }) => field);
    expect(fields).toEqual(expect.arrayContaining(["outcome", "fee_decision", "reason"]));
    const request = {
      outcome: "NO_SHOW_BOTH",
      feeDecision: "RELEASE",
      reason: "Nobody came",
      idempotencyKey: randomUUID(),
    };
    expect((await call(request)).body).toMatchObject({ status: "NO_SHOW" });
  } finally {
    grpc.close();
  }
});
