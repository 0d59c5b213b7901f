import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { sweepNoShows } from "../no-shows/sweep-no-shows.ts";
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

/** Events of a consultation, as "type to service". */
const outbox = async (consultationId: string) =>
  (await clinical.outbox(consultationId))
    .map(({ event, destination }) => `${event.type} to ${destination}`)
    .sort();

test("patient and doctor meet: joined, started, completed, and the others are told", async () => {
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

test("a repeated transition answers the same, is told once, and is a read of what the answer shows", async () => {
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

test("a doctor who was ready can record a patient no-show", async () => {
  const { consultationId } = await book(10);
  const doctorReadyTime = clinical.app.clock.now();
  const ready = await clinical.ready(consultationId, doctor);
  expect(ready).toMatchObject({ status: "SCHEDULED", doctorReadyTime, etag: "0002" });
  clinical.app.clock.advance(25 * MINUTE_MS);
  expect(await clinical.ready(consultationId, doctor)).toEqual(ready);
  const missed = await clinical.markNoShow(consultationId, doctor, "PATIENT");
  expect(missed).toMatchObject({ status: "NO_SHOW", noShowParty: "PATIENT", doctorReadyTime });
  expect(await clinical.actions(consultationId)).toEqual([
    "consultation.create",
    "consultation.ready",
    "consultation.get",
    "consultation.mark_no_show",
  ]);
});

test("a doctor who was not ready can neither start nor record a no-show without the patient", async () => {
  const { consultationId } = await book(0);
  const start = clinical.start(consultationId, doctor);
  await expect(start).rejects.toMatchObject({ reason: "PATIENT_NOT_JOINED" });
  clinical.app.clock.advance(20 * MINUTE_MS);
  await expect(clinical.ready(consultationId, doctor)).rejects.toMatchObject({ reason: "TOO_LATE" });
  const miss = clinical.markNoShow(consultationId, doctor, "PATIENT");
  await expect(miss).rejects.toMatchObject({ reason: "DOCTOR_NOT_READY" });
  expect(await outbox(consultationId)).toEqual([]);
});

test("a doctor without a licence is neither ready nor paid for a patient's absence", async () => {
  const { consultationId } = await book(0);
  await clinical.deliver("scheduling", clinical.licensed(doctor, "", 2));
  const refusal = { reason: "LICENSE_NOT_VERIFIED" };
  await expect(clinical.ready(consultationId, doctor)).rejects.toMatchObject(refusal);
  await clinical.deliver("scheduling", clinical.licensed(doctor, undefined, 3));
  await clinical.ready(consultationId, doctor);
  await clinical.deliver("scheduling", clinical.licensed(doctor, "", 4));
  clinical.app.clock.advance(20 * MINUTE_MS);
  const miss = clinical.markNoShow(consultationId, doctor, "PATIENT");
  await expect(miss).rejects.toMatchObject(refusal);
  expect(await outbox(consultationId)).toEqual([]);
});

test("many starts at once are one start", async () => {
  const { consultationId } = await book(0);
  await clinical.join(consultationId, patient);
  const answers = await Promise.all(Array.from({ length: 20 }, () => clinical.start(consultationId, doctor)));
  expect(new Set(answers.map(({ etag }) => etag))).toEqual(new Set(["0003"]));
  expect(await outbox(consultationId)).toEqual(["consultation.started to scheduling"]);
});

test("of a start and a cancellation at once both end in the same place", async () => {
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

test("an idempotency key gives the first answer again", async () => {
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

test("others cannot tell that a consultation exists", async () => {
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

test("a doctor marks who did not come, and breaks off what has begun", async () => {
  const missed = await book(0);
  await clinical.ready(missed.consultationId, doctor);
  clinical.app.clock.advance(20 * MINUTE_MS);
  const noShow = await clinical.markNoShow(missed.consultationId, doctor, "PATIENT");
  expect(noShow).toMatchObject({ status: "NO_SHOW", noShowParty: "PATIENT" });
  const [news] = await clinical.outbox(missed.consultationId);
  expect(news!.event).toMatchObject({
    type: "consultation.no_show",
    state: { value: { noShowParty: "PATIENT" } },
  });

  const broken = await book(0);
  await clinical.meet(broken.consultationId, patient, doctor);
  expect((await clinical.abandon(broken.consultationId, doctor, "no sound")).status).toBe("ABANDONED");
});

test("a patient who waited until the end was let down by the doctor: closed once, however many sweep", async () => {
  const waited = await book(0);
  const neverJoined = await book(0);
  await clinical.join(waited.consultationId, patient);
  clinical.app.clock.advance(30 * MINUTE_MS - 1);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(waited.consultationId, patient)).status).toBe("WAITING");

  clinical.app.clock.advance(1);
  await Promise.all([sweepNoShows(clinical.app)(), sweepNoShows(clinical.app)()]);
  await sweepNoShows(clinical.app)();
  const closed = { status: "NO_SHOW", noShowParty: "DOCTOR" };
  expect(await clinical.read(waited.consultationId, patient)).toMatchObject(closed);
  // Two hours later that one is over, too.
  expect((await clinical.read(neverJoined.consultationId, patient)).status).toBe("SCHEDULED");
  expect(await outbox(waited.consultationId)).toEqual(["consultation.no_show to scheduling"]);
});

test("a patient who joins in the last second does not make a ready doctor a no-show: it closes as unattended", async () => {
  const late = await book(0);
  await clinical.ready(late.consultationId, doctor);
  clinical.app.clock.advance(30 * MINUTE_MS - 1000);
  expect(await clinical.join(late.consultationId, patient)).toMatchObject({
    status: "WAITING",
    lateParty: "PATIENT",
  });
  clinical.app.clock.advance(1000 + 120 * MINUTE_MS - 1);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(late.consultationId, patient)).status).toBe("WAITING");
  clinical.app.clock.advance(1);
  await sweepNoShows(clinical.app)();
  expect(await clinical.read(late.consultationId, patient)).toMatchObject({
    status: "NO_SHOW",
    noShowParty: "BOTH",
  });
});

test("a doctor who was ready can mark a late patient as missing, or start", async () => {
  const [missed, met] = [await book(0), await book(0)];
  for (const { consultationId } of [missed, met]) await clinical.ready(consultationId, doctor);
  clinical.app.clock.advance(15 * MINUTE_MS);
  for (const { consultationId } of [missed, met]) await clinical.join(consultationId, patient);
  expect(await clinical.markNoShow(missed.consultationId, doctor, "PATIENT")).toMatchObject({
    status: "NO_SHOW",
    noShowParty: "PATIENT",
  });
  await clinical.start(met.consultationId, doctor);
  await clinical.complete(met.consultationId, doctor, "flu");
  const [, completed] = await clinical.outbox(met.consultationId);
  expect(stateOf(completed!.event, "consultation")).toMatchObject({ lateParty: "PATIENT" });
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

test("one consultation that cannot be closed holds up no other", async () => {
  const [first, second] = [await book(0), await book(0)];
  for (const { consultationId } of [first, second]) await clinical.join(consultationId, patient);
  clinical.app.clock.advance(30 * MINUTE_MS);
  // Its next version does not fit.
  await clinical.app.db.write("UPDATE consultations SET version = 4294967295 WHERE id = ?", [
    binaryId(first.consultationId),
  ]);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(first.consultationId, patient)).status).toBe("WAITING");
  expect((await clinical.read(second.consultationId, patient)).status).toBe("NO_SHOW");
  await clinical.app.db.write("UPDATE consultations SET version = 3 WHERE id = ?", [
    binaryId(first.consultationId),
  ]);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(first.consultationId, patient)).status).toBe("NO_SHOW");
});

test("notes and reasons lie encrypted in the database, each bound to its place", async () => {
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
    const sealed = notes ?? abandonReason;
    expect(sealed!.length).toBeGreaterThan(0);
    expect(sealed!.includes("canary")).toBe(false);
  }
  await clinical.app.db.write("UPDATE consultations SET notes = abandon_reason WHERE id = ?", [
    binaryId(abandoned),
  ]);
  await expect(clinical.read(abandoned, doctor)).rejects.toThrow();
});

test("the sweep of no-shows ends with its process, however many there are", async () => {
  await expect(sweepNoShows(clinical.app)(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});
