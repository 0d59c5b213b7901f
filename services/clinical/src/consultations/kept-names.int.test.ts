import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ConsultationServiceService,
  ListConsultationsRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import {
  CreatePrescriptionRequest,
  ListPrescriptionsRequest,
  PrescriptionServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { createPrescription } from "../prescriptions/create-prescription.ts";
import { getPrescription, listPrescriptions } from "../prescriptions/read-prescriptions.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { listConsultations } from "./read-consultations.ts";

let clinical: ClinicalTest;
let doctor: UserCaller;
let patient: UserCaller;
let versions: Map<string, number>;

beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

beforeEach(async () => {
  doctor = userCaller("DOCTOR");
  patient = userCaller("PATIENT");
  versions = new Map();
  await renameAccount(patient, "Ann Old");
  await license("Dr. Bo Old");
});

const nextVersion = (id: string): number => {
  const version = (versions.get(id) ?? 0) + 1;
  versions.set(id, version);
  return version;
};

async function renameAccount({ userId: aggregateId, role }: UserCaller, fullName: string): Promise<void> {
  const version = nextVersion(aggregateId);
  await clinical.deliver("auth", {
    type: "user.updated",
    aggregateId,
    version,
    state: { $case: "user", value: { fullName, role } },
  });
}

/** Delivers scheduling's event that the doctor is licensed and has a public name. */
async function license(displayName: string): Promise<void> {
  const version = nextVersion("licensing");
  await clinical.deliver("scheduling", clinical.licensed(doctor, "9999-12-31", version, { displayName }));
}

async function rename(): Promise<void> {
  await renameAccount(patient, "Ann New");
  await license("Dr. Bo New");
}

const OLD = { patientName: "Ann Old", doctorName: "Dr. Bo Old" };
const NEW = { patientName: "Ann New", doctorName: "Dr. Bo New" };

const book = () => clinical.scheduled(patient, doctor, 0);

/** Names of patient and doctor in GetConsultation. Checks that ListConsultations returns the same names. */
async function namesOf(consultationId: string) {
  const { response } = await invoke(
    ConsultationServiceService.listConsultations,
    bound(listConsultations, clinical.app),
    doctor,
    ListConsultationsRequest.fromPartial({}),
  );
  const listed = response.consultations.find(({ id }) => id === consultationId)!;
  const { patientName, doctorName } = await clinical.read(consultationId, patient);
  expect({ patientName: listed.patientName, doctorName: listed.doctorName }).toEqual({
    patientName,
    doctorName,
  });
  return { patientName, doctorName };
}

test("a consultation shows current names until its end, then the names at its end", async () => {
  const { consultationId } = await book();
  expect(await namesOf(consultationId)).toEqual(OLD);
  await clinical.meet(consultationId, patient, doctor);
  await rename();
  expect(await namesOf(consultationId)).toEqual(NEW);
  await clinical.complete(consultationId, doctor, "flu");
  await renameAccount(patient, "Somebody Else");
  await license("Somebody Else");
  expect(await namesOf(consultationId)).toEqual(NEW);
});

test("a new name of the doctor's account is not shown", async () => {
  const { consultationId } = await book();
  await renameAccount(doctor, "Prof. Bo Old");
  expect(await namesOf(consultationId)).toEqual(OLD);
});

test("an event without a public name keeps the known one, or shows the account's", async () => {
  const { consultationId } = await book();
  await renameAccount(doctor, "Account");
  await license("");
  expect(await namesOf(consultationId)).toEqual(OLD);
  const unnamed = userCaller("DOCTOR");
  await renameAccount(unnamed, "Account");
  await clinical.deliver("scheduling", clinical.licensed(unnamed, "9999-12-31", 1, { displayName: "" }));
  const other = await clinical.scheduled(patient, unnamed, 0);
  expect(await clinical.read(other.consultationId, patient)).toMatchObject({ doctorName: "Account" });
});

test.each([
  ["was a no-show", async (id: string) => void (await clinical.markNoShow(id, doctor, "DOCTOR"))],
  [
    "was abandoned",
    async (id: string) => {
      await clinical.meet(id, patient, doctor);
      await clinical.abandon(id, doctor, "no sound");
    },
  ],
])("a consultation that %s keeps its names", async (_, end) => {
  const { consultationId } = await book();
  clinical.app.clock.advance(20 * MINUTE_MS);
  await end(consultationId);
  await rename();
  expect(await namesOf(consultationId)).toEqual(OLD);
});

test("a consultation whose booking was cancelled, or closed by an admin, keeps its names", async () => {
  const [cancelled, closed] = [await book(), await book()];
  await clinical.deliver("scheduling", cancelled.cancelled);
  await clinical.deliver("scheduling", closed.closedAs("COMPLETED"));
  await rename();
  for (const { consultationId } of [cancelled, closed]) expect(await namesOf(consultationId)).toEqual(OLD);
});

test("a void no-show returns to current names", async () => {
  const { consultationId, confirmed } = await book();
  clinical.app.clock.advance(20 * MINUTE_MS);
  await clinical.markNoShow(consultationId, doctor, "DOCTOR");
  await rename();
  await clinical.deliver("scheduling", clinical.rescheduledBy(confirmed, 60));
  expect(await namesOf(consultationId)).toEqual(NEW);
});

test("an ended consultation without stored names shows current ones", async () => {
  const consultationId = await clinical.completed(patient, doctor, "flu");
  await clinical.app.db.write(
    "UPDATE consultations SET patient_name = NULL, doctor_name = NULL WHERE id = ?",
    [binaryId(consultationId)],
  );
  await rename();
  expect(await namesOf(consultationId)).toEqual(NEW);
});

test("a prescription shows the names at its issue in every response", async () => {
  const consultationId = await clinical.completed(patient, doctor, "flu");
  await rename();
  const { response: made } = await invoke(
    PrescriptionServiceService.createPrescription,
    bound(createPrescription, clinical.app),
    doctor,
    CreatePrescriptionRequest.fromPartial({ consultationId, content: "rest", idempotencyKey: newId() }),
  );
  expect(made).toMatchObject(NEW);
  await renameAccount(patient, "Somebody Else");
  const { response: read } = await invoke(
    PrescriptionServiceService.getPrescription,
    bound(getPrescription, clinical.app),
    patient,
    { prescriptionId: made.id },
  );
  expect(read).toEqual(made);
  const { response: list } = await invoke(
    PrescriptionServiceService.listPrescriptions,
    bound(listPrescriptions, clinical.app),
    patient,
    ListPrescriptionsRequest.fromPartial({ consultationId }),
  );
  expect(list.prescriptions).toMatchObject([NEW]);
});
