import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";

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

test("a doctor who was ready records a patient no-show", async () => {
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

test("without the patient, a doctor who was not ready can neither start nor record a no-show", async () => {
  const { consultationId } = await book(0);
  const start = clinical.start(consultationId, doctor);
  await expect(start).rejects.toMatchObject({ reason: "PATIENT_NOT_JOINED" });
  clinical.app.clock.advance(20 * MINUTE_MS);
  await expect(clinical.ready(consultationId, doctor)).rejects.toMatchObject({ reason: "TOO_LATE" });
  const miss = clinical.markNoShow(consultationId, doctor, "PATIENT");
  await expect(miss).rejects.toMatchObject({ reason: "DOCTOR_NOT_READY" });
  expect(await clinical.deliveries(consultationId)).toEqual([]);
});

test("a doctor without a licence can neither be ready nor record a patient no-show", async () => {
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
  expect(await clinical.deliveries(consultationId)).toEqual([]);
});

test("the event of a no-show names the missing party; a doctor abandons a started consultation", async () => {
  const missed = await book(0);
  await clinical.ready(missed.consultationId, doctor);
  clinical.app.clock.advance(20 * MINUTE_MS);
  const noShow = await clinical.markNoShow(missed.consultationId, doctor, "PATIENT");
  expect(noShow).toMatchObject({ status: "NO_SHOW", noShowParty: "PATIENT" });
  const [sent] = await clinical.outbox(missed.consultationId);
  expect(sent!.event).toMatchObject({
    type: "consultation.no_show",
    state: { value: { noShowParty: "PATIENT" } },
  });

  const broken = await book(0);
  await clinical.meet(broken.consultationId, patient, doctor);
  expect((await clinical.abandon(broken.consultationId, doctor, "no sound")).status).toBe("ABANDONED");
});

test("a doctor who was ready can report a late patient as missing, or start", async () => {
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
