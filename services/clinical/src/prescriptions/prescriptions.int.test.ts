import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids.ts";
import { invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  CreatePrescriptionRequest,
  ListPrescriptionsRequest,
  PrescriptionServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { type ClinicalTest, startClinical } from "../testing.ts";
import { createPrescription } from "./create-prescription.ts";
import { getPrescription, listPrescriptions } from "./read-prescriptions.ts";

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

const ITEM = {
  medication: "amoxicillin",
  dosage: "500 mg",
  frequency: "three times a day",
  durationDays: 7,
  refills: 1,
};

const begin = () => clinical.begun(patient, doctor);
const complete = () => clinical.completed(patient, doctor, "flu");

const prescribe = (
  consultationId: string,
  by: Caller = doctor,
  over: Partial<CreatePrescriptionRequest> = {},
) =>
  invoke(
    PrescriptionServiceService.createPrescription,
    createPrescription(clinical.app),
    by,
    CreatePrescriptionRequest.fromPartial({
      consultationId,
      content: "take with food",
      items: [ITEM],
      idempotencyKey: newId(),
      ...over,
    }),
  );

const read = async (prescriptionId: string, by: Caller) =>
  (
    await invoke(PrescriptionServiceService.getPrescription, getPrescription(clinical.app), by, {
      prescriptionId,
    })
  ).response;

const list = async (by: Caller, request: Partial<ListPrescriptionsRequest>) =>
  (
    await invoke(
      PrescriptionServiceService.listPrescriptions,
      listPrescriptions(clinical.app),
      by,
      ListPrescriptionsRequest.fromPartial(request),
    )
  ).response;

test("a doctor prescribes after the consultation; patient and doctor read it, and that is audited", async () => {
  const consultationId = await complete();
  const issueTime = clinical.app.clock.now();
  const { response: made } = await prescribe(consultationId);
  expect(made).toMatchObject({
    consultationId,
    patientId: patient.userId,
    doctorId: doctor.userId,
    status: "ACTIVE",
    content: "take with food",
    items: [ITEM],
    issueTime,
    expireTime: new Date(issueTime.getTime() + clinical.app.prescriptionValidityMs),
  });
  expect(await read(made.id, patient)).toEqual(made);
  expect(await read(made.id, doctor)).toEqual(made);
  expect(await clinical.trail(`prescriptions/${made.id}`)).toEqual([
    {
      action: "prescription.create",
      actorId: doctor.userId,
      subjectIds: [patient.userId, doctor.userId],
    },
    { action: "prescription.get", actorId: patient.userId, subjectIds: [patient.userId] },
    { action: "prescription.get", actorId: doctor.userId, subjectIds: [patient.userId] },
  ]);
});

test("nothing is prescribed before the consultation is completed, and that answer is kept with its key", async () => {
  const consultationId = await begin();
  const refused = () => prescribe(consultationId, doctor, { idempotencyKey: `early ${consultationId}` });
  await expect(refused()).rejects.toMatchObject({ reason: "CONSULTATION_NOT_COMPLETED" });
  await clinical.complete(consultationId, doctor, "flu");
  await expect(refused()).rejects.toMatchObject({ reason: "CONSULTATION_NOT_COMPLETED" });
  expect((await prescribe(consultationId)).replayed).toBe(false);
});

test("the same key many times at once makes one prescription", async () => {
  const consultationId = await complete();
  const idempotencyKey = newId();
  const results = await Promise.all(
    Array.from({ length: 20 }, () => prescribe(consultationId, doctor, { idempotencyKey })),
  );
  expect(new Set(results.map(({ response }) => response.id)).size).toBe(1);
  expect((await list(doctor, { consultationId })).prescriptions).toHaveLength(1);
  await expect(
    prescribe(consultationId, doctor, { idempotencyKey, content: "something else" }),
  ).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
});

test("an answer that is given again is in the audit trail as a read, as it shows the prescription", async () => {
  const consultationId = await complete();
  const idempotencyKey = newId();
  const { response: made } = await prescribe(consultationId, doctor, { idempotencyKey });
  expect((await prescribe(consultationId, doctor, { idempotencyKey })).replayed).toBe(true);
  expect(await clinical.trail(`prescriptions/${made.id}`)).toEqual([
    { action: "prescription.create", actorId: doctor.userId, subjectIds: [patient.userId, doctor.userId] },
    { action: "prescription.get", actorId: doctor.userId, subjectIds: [patient.userId] },
  ]);
});

test("only the consultation's own doctor prescribes, and only its patient and doctor read", async () => {
  const consultationId = await complete();
  const hidden = { reason: "NOT_FOUND", isDenial: true };
  await expect(prescribe(consultationId, userCaller("DOCTOR"))).rejects.toMatchObject(hidden);
  await expect(prescribe(newId())).rejects.toMatchObject({ reason: "NOT_FOUND", isDenial: false });
  const { response: made } = await prescribe(consultationId);
  for (const other of [userCaller("PATIENT"), userCaller("DOCTOR")]) {
    await expect(read(made.id, other)).rejects.toMatchObject(hidden);
    expect((await list(other, { consultationId })).prescriptions).toEqual([]);
  }
});

test("a prescription reads as expired once its time is over", async () => {
  const { response: made } = await prescribe(await complete());
  clinical.app.clock.advance(clinical.app.prescriptionValidityMs - 1);
  expect((await read(made.id, patient)).status).toBe("ACTIVE");
  clinical.app.clock.advance(1);
  expect((await read(made.id, patient)).status).toBe("EXPIRED");
});

test("prescriptions are listed page by page, newest first, none lost and none twice", async () => {
  const consultationId = await complete();
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push((await prescribe(consultationId)).response.id);
  const other = (await prescribe(await complete())).response.id;
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await list(patient, { pageSize: 2, pageToken });
    seen.push(...page.prescriptions.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  expect(seen).toEqual([...ids, other].reverse());
  const ofOne = await list(patient, { consultationId });
  expect(ofOne.prescriptions.map(({ id }) => id)).toEqual(ids.reverse());
});

test("what is prescribed lies encrypted in the database", async () => {
  const { response: made } = await prescribe(await complete());
  const [row] = await clinical.app.db.read<{ content: Buffer; items: Buffer }>(
    "SELECT content, items FROM prescriptions WHERE id = ?",
    [made.id],
  );
  expect(row!.content.includes("food")).toBe(false);
  expect(row!.items.includes("amoxicillin")).toBe(false);
});
