import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { joinConsultation } from "./join-consultation.ts";
import { startConsultation } from "./start-consultation.ts";

let clinical: ClinicalTest;
let doctor: Caller & { userId: string };
let patient: Caller & { userId: string };

beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

beforeEach(() => {
  doctor = userCaller("DOCTOR");
  patient = userCaller("PATIENT");
});

const book = (startMinutes: number) => clinical.scheduled(patient, doctor, startMinutes);

test("a patient joins, the doctor starts and completes, and other services get events", async () => {
  const { consultationId, bookingId, paymentId, confirmed } = await book(10);
  expect((await clinical.join(consultationId, patient)).status).toBe("WAITING");
  clinical.app.clock.advance(5 * MINUTE_MS);
  const startedTime = clinical.app.clock.now();
  expect(await clinical.start(consultationId, doctor)).toMatchObject({ status: "IN_PROGRESS", startedTime });
  clinical.app.clock.advance(20 * MINUTE_MS);
  const endedTime = clinical.app.clock.now();
  const completed = await clinical.complete(consultationId, doctor, "flu; rest");
  expect(completed).toMatchObject({ status: "COMPLETED", startedTime, endedTime, notes: "flu; rest" });
  expect(await clinical.read(consultationId, patient)).toEqual(completed);

  const events = await clinical.outbox(consultationId);
  expect(events.map(({ event, destination }) => [event.type, destination, event.version])).toEqual([
    ["consultation.started", "scheduling", 3],
    ["consultation.completed", "scheduling", 4],
    ["consultation.completed", "billing", 4],
  ]);
  const { startTime, endTime } = confirmed.state.value;
  const parties = { noShowParty: "PARTY_UNSPECIFIED", lateParty: "PARTY_UNSPECIFIED" };
  const outbox = { bookingId, paymentId, startTime, endTime, ...parties };
  expect(stateOf(events[0]!.event, "consultation")).toEqual(outbox);
});

test("a repeated transition gives the same response, sends no event, and is audited as a read", async () => {
  const { consultationId } = await book(0);
  await clinical.join(consultationId, patient);
  const answers = [
    await clinical.start(consultationId, doctor),
    await clinical.start(consultationId, doctor),
    await clinical.complete(consultationId, doctor, "flu"),
    await clinical.complete(consultationId, doctor, "flu"),
  ];
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[3]).toEqual(answers[2]);
  expect(await clinical.actions(consultationId)).toEqual([
    "consultation.create",
    "consultation.join",
    "consultation.start",
    "consultation.get",
    "consultation.complete",
    "consultation.get",
  ]);
  expect((await clinical.auditEntries(`consultations/${consultationId}`)).at(-1)).toEqual({
    action: "consultation.get",
    actorId: doctor.userId,
    subjectIds: [patient.userId],
  });
  const events = await clinical.outbox(consultationId);
  expect(events.map(({ event, destination }) => `${event.type} to ${destination}`)).toEqual([
    "consultation.started to scheduling",
    "consultation.completed to scheduling",
    "consultation.completed to billing",
  ]);
});

test("the notes of a completed consultation are locked", async () => {
  const { consultationId } = await book(0);
  await clinical.meet(consultationId, patient, doctor);
  await clinical.complete(consultationId, doctor, "flu");
  const other = clinical.complete(consultationId, doctor, "cold");
  await expect(other).rejects.toMatchObject({ reason: "NOTES_LOCKED" });
  expect((await clinical.read(consultationId, doctor)).notes).toBe("flu");
});

test("concurrent starts make one transition", async () => {
  const { consultationId } = await book(0);
  await clinical.join(consultationId, patient);
  const answers = await Promise.all(Array.from({ length: 20 }, () => clinical.start(consultationId, doctor)));
  expect(new Set(answers.map(({ etag }) => etag))).toEqual(new Set(["0003"]));
  expect((await clinical.deliveries(consultationId)).sort()).toEqual(["consultation.started to scheduling"]);
});

test("a start and a concurrent cancellation end the consultation in every order", async () => {
  for (let round = 0; round < 10; round++) {
    const { consultationId, cancelled } = await book(0);
    await clinical.join(consultationId, patient);
    const [start] = await Promise.allSettled([
      clinical.start(consultationId, doctor),
      clinical.deliver("scheduling", cancelled),
    ]);
    const { status } = await clinical.read(consultationId, doctor);
    expect(status).toBe(start.status === "fulfilled" ? "ABANDONED" : "CANCELLED");
  }
});

test("an idempotency key replays the first response", async () => {
  const { consultationId } = await book(0);
  const request = { consultationId, idempotencyKey: newId() };
  const join = () =>
    invoke(
      ConsultationServiceService.joinConsultation,
      bound(joinConsultation, clinical.app),
      patient,
      request,
    );
  const first = await join();
  await clinical.start(consultationId, doctor);
  expect(await join()).toEqual({ response: first.response, replayed: true });
});

test("a start refused without the patient succeeds later under the same key", async () => {
  const { consultationId } = await book(0);
  const request = { consultationId, idempotencyKey: newId() };
  const start = () =>
    invoke(
      ConsultationServiceService.startConsultation,
      bound(startConsultation, clinical.app),
      doctor,
      request,
    );
  await expect(start()).rejects.toMatchObject({ reason: "PATIENT_NOT_JOINED" });
  await clinical.join(consultationId, patient);
  expect((await start()).response.status).toBe("IN_PROGRESS");
});

test("others cannot learn that a consultation exists", async () => {
  const { consultationId } = await book(0);
  const hidden = { reason: "NOT_FOUND", isDenial: true };
  const otherDoctor = userCaller("DOCTOR");
  for (const other of [userCaller("PATIENT"), otherDoctor]) {
    await expect(clinical.read(consultationId, other)).rejects.toMatchObject(hidden);
  }
  await expect(clinical.join(consultationId, userCaller("PATIENT"))).rejects.toMatchObject(hidden);
  await expect(clinical.ready(consultationId, otherDoctor)).rejects.toMatchObject(hidden);
  await expect(clinical.start(consultationId, otherDoctor)).rejects.toMatchObject(hidden);
  await expect(clinical.complete(consultationId, otherDoctor, "x")).rejects.toMatchObject(hidden);
  await expect(clinical.read(newId(), patient)).rejects.toMatchObject({
    reason: "NOT_FOUND",
    isDenial: false,
  });
});

test("a doctor who starts in the last second is late for a punctual patient, and the event says so", async () => {
  const { consultationId } = await book(0);
  await clinical.ready(consultationId, doctor);
  await clinical.join(consultationId, patient);
  clinical.app.clock.advance(30 * MINUTE_MS - 1000);
  expect(await clinical.start(consultationId, doctor)).toMatchObject({ lateParty: "DOCTOR" });
  expect(await clinical.complete(consultationId, doctor, "x")).toMatchObject({
    status: "COMPLETED",
    lateParty: "DOCTOR",
  });
  for (const { event } of await clinical.outbox(consultationId)) {
    expect(stateOf(event, "consultation")).toMatchObject({ lateParty: "DOCTOR" });
  }
});

test("the database stores notes and reasons encrypted, each bound to its column", async () => {
  const { consultationId } = await book(0);
  await clinical.meet(consultationId, patient, doctor);
  await clinical.complete(consultationId, doctor, "a canary");
  const abandoned = (await book(0)).consultationId;
  await clinical.meet(abandoned, patient, doctor);
  await clinical.abandon(abandoned, doctor, "a canary");
  const rows = await clinical.app.db.read<{ notes: Buffer | null; abandonReason: Buffer | null }>(
    "SELECT notes, abandon_reason AS abandonReason FROM consultations WHERE id IN (?, ?)",
    [binaryId(consultationId), binaryId(abandoned)],
  );
  for (const { notes, abandonReason } of rows) {
    const ciphertext = notes ?? abandonReason;
    expect(ciphertext!.length).toBeGreaterThan(0);
    expect(ciphertext!.includes("canary")).toBe(false);
  }
  await clinical.app.db.write("UPDATE consultations SET notes = abandon_reason WHERE id = ?", [
    binaryId(abandoned),
  ]);
  await expect(clinical.read(abandoned, doctor)).rejects.toThrow();
});
