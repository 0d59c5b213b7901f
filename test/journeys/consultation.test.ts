import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { type Account, signUp } from "../support/accounts.ts";
import { Api, type Json, refusal } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type Booked, book, DAY_MS, offer, openPractice, SOON_MS } from "../support/practice.ts";
import { sharedStack } from "../support/stack.ts";

const CONTENT = "Take with food.";
const NOTES = "Regular pulse, no murmur.";
const ADDED = "The ECG is normal, too.";
const REASON = "Palpitations after climbing stairs";

const api = new Api(sharedStack().urls.gateway);

describe("a free consultation", () => {
  let doctor: Account;
  let patient: Account;
  let stranger: Account;
  let slotId: string;

  beforeAll(async () => {
    doctor = await openPractice(api);
    [patient, stranger] = await Promise.all([signUp(api, "PATIENT"), signUp(api, "PATIENT")]);
    slotId = await offer(doctor, SOON_MS);
  });

  let booked: Booked;
  const consultation = () => `/v1/consultations/${booked.consultationId}`;

  test("is booked and confirmed in one step, and readable after the response", async () => {
    const made = await patient.api.send("POST /v1/bookings", { key: true, body: { slotId, reason: REASON } });
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/v1/bookings/${made.body.id}`);
    expect(made.body).toMatchObject({
      status: "CONFIRMED",
      slotId,
      patientId: patient.id,
      patientName: patient.fullName,
      doctorId: doctor.id,
      doctorName: doctor.fullName,
      reason: REASON,
    });
    expect(made.body).not.toHaveProperty("paymentId");
    booked = made.body as unknown as Booked;

    const read = await eventually(
      () => patient.api.send(`GET ${consultation()}`),
      ({ status }) => status === 200,
    );
    expect(read.body).toMatchObject({ status: "SCHEDULED", bookingId: booked.id, doctorId: doctor.id });
    expect(await api.client.listSlots({ doctorId: doctor.id })).toMatchObject({ slots: [] });
  });

  test("cannot be joined by its doctor or started by its patient", async () => {
    const join = await doctor.api.send(`POST ${consultation()}:join`);
    const start = await patient.api.send(`POST ${consultation()}:start`);
    for (const answer of [join, start]) {
      expect(refusal(answer)).toEqual({ status: 403, reason: "PERMISSION_DENIED" });
    }
  });

  test("has no prescription before its completion", async () => {
    const early = await doctor.api.send(`POST ${consultation()}/prescriptions`, {
      key: true,
      body: { content: CONTENT },
    });
    expect(refusal(early)).toEqual({ status: 409, reason: "CONSULTATION_NOT_COMPLETED" });
  });

  test("has no addendum before its completion", async () => {
    const early = await doctor.api.send(`POST ${consultation()}/addenda`, { body: { text: ADDED } });
    expect(refusal(early)).toEqual({ status: 409, reason: "CONSULTATION_NOT_COMPLETED" });
  });

  test("leads from the waiting room through its start to its completion, which completes the booking", async () => {
    const alone = await doctor.api.send(`POST ${consultation()}:start`);
    expect(refusal(alone)).toEqual({ status: 409, reason: "PATIENT_NOT_JOINED" });
    expect(await patient.api.ok(`POST ${consultation()}:join`)).toMatchObject({ status: "WAITING" });
    expect(await doctor.api.ok(`POST ${consultation()}:start`)).toMatchObject({ status: "IN_PROGRESS" });
    const done = await doctor.api.ok(`POST ${consultation()}:complete`, { body: { notes: NOTES } });
    expect(done).toMatchObject({ status: "COMPLETED", notes: NOTES });
    await eventually(
      () => patient.client.getBooking({ bookingId: booked.id }),
      ({ status }) => status === "COMPLETED",
    );
  });

  test("gets a prescription, which patient and doctor read alike", async () => {
    const items = [
      { medication: "Metoprolol", dosage: "25 mg", frequency: "twice a day", durationDays: 14, refills: 1 },
    ];
    const made = await doctor.api.send(`POST ${consultation()}/prescriptions`, {
      key: true,
      body: { content: CONTENT, items },
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ status: "ACTIVE", content: CONTENT, items, patientId: patient.id });

    const { id } = made.body;
    expect(made.headers.get("location")).toBe(`/v1/prescriptions/${id}`);
    for (const reader of [patient, doctor]) {
      expect(await reader.client.getPrescription({ prescriptionId: String(id) })).toEqual(made.body);
      const list = `GET /v1/prescriptions?consultationId=${booked.consultationId}`;
      const { content, items, ...listed } = made.body;
      expect(await reader.api.ok(list)).toEqual({
        prescriptions: [listed],
        nextPageToken: "",
      });
    }
    const missing = await stranger.api.send(`GET /v1/prescriptions/${randomUUID()}`);
    const foreign = await stranger.api.send(`GET /v1/prescriptions/${id}`);
    expect(visible(foreign.body)).toEqual(visible(missing.body));
  });

  test("gets an addendum from its doctor, once for a key, and keeps its notes", async () => {
    const twice = { key: `addendum-${booked.id}`, body: { text: ADDED } };
    const made = await doctor.api.send(`POST ${consultation()}/addenda`, twice);
    expect(made).toMatchObject({ status: 201, body: { text: ADDED } });
    expect(made.headers.get("location")).toBe(consultation());
    const again = await doctor.api.send(`POST ${consultation()}/addenda`, twice);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.body).toEqual(made.body);
    const other = await doctor.api.send(`POST ${consultation()}:complete`, { body: { notes: ADDED } });
    expect(refusal(other)).toEqual({ status: 409, reason: "NOTES_LOCKED" });
    const asPatient = await patient.api.send(`POST ${consultation()}/addenda`, { body: { text: ADDED } });
    expect(refusal(asPatient)).toEqual({ status: 403, reason: "PERMISSION_DENIED" });
    const empty = await doctor.api.send(`POST ${consultation()}/addenda`, { body: { text: "" } });
    expect(refusal(empty)).toEqual({ status: 400, reason: "INVALID_REQUEST" });
    for (const reader of [patient, doctor]) {
      const read = await reader.api.ok(`GET ${consultation()}`);
      expect(read).toMatchObject({ notes: NOTES, addenda: [made.body] });
    }
  });

  test("is listed without notes and addenda, with its etag", async () => {
    const { notes, addenda, etag, ...rest } = await patient.api.ok(`GET ${consultation()}`);
    const { consultations } = await patient.client.listConsultations();
    expect(consultations).toEqual([{ ...rest, etag: String(etag).split(".")[0] }]);
  });

  test("shows its patient the notes", async () => {
    expect(await patient.api.ok(`GET ${consultation()}`)).toMatchObject({
      status: "COMPLETED",
      notes: NOTES,
    });
  });

  test.each(["bookings", "consultations"])("another user's %s look missing", async (kind) => {
    const id = kind === "bookings" ? booked.id : booked.consultationId;
    const foreign = await stranger.api.send(`GET /v1/${kind}/${id}`);
    const missing = await stranger.api.send(`GET /v1/${kind}/${randomUUID()}`);
    expect(refusal(foreign)).toEqual({ status: 404, reason: "NOT_FOUND" });
    expect(visible(foreign.body)).toEqual(visible(missing.body));
    expect(await stranger.api.ok(`GET /v1/${kind}`)).toMatchObject({ [kind]: [] });
  });
});

test("a consultation days ahead cannot be joined or started, and its doctor cannot be ready", async () => {
  const doctor = await openPractice(api);
  const patient = await signUp(api, "PATIENT");
  const { consultationId } = await book(patient, await offer(doctor, 2 * DAY_MS));
  const join = await patient.api.send(`POST /v1/consultations/${consultationId}:join`);
  const start = await doctor.api.send(`POST /v1/consultations/${consultationId}:start`);
  const ready = await doctor.api.send(`POST /v1/consultations/${consultationId}:ready`);
  for (const answer of [join, start, ready]) {
    expect(refusal(answer)).toEqual({ status: 409, reason: "TOO_EARLY" });
  }
});

/** Removes the request's id from an error response, because each call has another id. */
function visible({ requestId, ...rest }: Json): Json {
  return rest;
}
