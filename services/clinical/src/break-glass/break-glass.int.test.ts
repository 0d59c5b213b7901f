import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
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
import { listConsultations } from "../consultations/read-consultations.ts";
import { createPrescription } from "../prescriptions/create-prescription.ts";
import { getPrescription, listPrescriptions } from "../prescriptions/read-prescriptions.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";

const NOTES = "flu";
const ADDED = "and no allergies";
const CONTENT = "take with food";

let clinical: ClinicalTest;
const admin = userCaller("ADMIN");
const otherAdmin = userCaller("ADMIN");
const doctor = userCaller("DOCTOR");
let patient: ReturnType<typeof userCaller>;
let otherPatient: ReturnType<typeof userCaller>;
let consultationId: string;
let prescriptionId: string;

beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

beforeEach(async () => {
  patient = userCaller("PATIENT");
  otherPatient = userCaller("PATIENT");
  await treat(otherPatient);
  [consultationId, prescriptionId] = await treat(patient);
});

/** Creates a completed consultation and a prescription. @returns their ids */
async function treat(treated: typeof patient): Promise<[string, string]> {
  const booking = clinical.booking(treated, doctor, 0);
  await clinical.deliver("scheduling", booking.confirmed);
  await clinical.meet(booking.consultationId, treated, doctor);
  await clinical.complete(booking.consultationId, doctor, NOTES);
  await clinical.add(booking.consultationId, doctor, ADDED);
  const { response } = await invoke(
    PrescriptionServiceService.createPrescription,
    bound(createPrescription, clinical.app),
    doctor,
    CreatePrescriptionRequest.fromPartial({
      consultationId: booking.consultationId,
      content: CONTENT,
      idempotencyKey: newId(),
    }),
  );
  return [booking.consultationId, response.id];
}

const inMinutes = (minutes: number) => new Date(clinical.app.clock.now().getTime() + minutes * MINUTE_MS);

/** Delivers the event that auth made a grant of 30 minutes. @returns the grant's id */
async function grant(adminId = admin.userId, patientId = patient.userId): Promise<string> {
  const aggregateId = newId();
  const breakGlass = { adminId, patientId, endTime: inMinutes(30) };
  await clinical.deliver("auth", {
    type: "break_glass.granted",
    aggregateId,
    version: 1,
    state: { $case: "breakGlass", value: breakGlass },
  });
  return aggregateId;
}

const revoke = (aggregateId: string) => {
  const breakGlass = { adminId: admin.userId, patientId: patient.userId, endTime: clinical.app.clock.now() };
  return clinical.deliver("auth", {
    type: "break_glass.revoked",
    aggregateId,
    version: 2,
    state: { $case: "breakGlass", value: breakGlass },
  });
};

const consultations = async (patientId: string, by = admin) => {
  const request = ListConsultationsRequest.fromPartial({ patientId });
  const handler = bound(listConsultations, clinical.app);
  return (await invoke(ConsultationServiceService.listConsultations, handler, by, request)).response
    .consultations;
};
const prescriptions = async (patientId: string, by = admin) => {
  const request = ListPrescriptionsRequest.fromPartial({ patientId });
  const handler = bound(listPrescriptions, clinical.app);
  return (await invoke(PrescriptionServiceService.listPrescriptions, handler, by, request)).response
    .prescriptions;
};
const prescription = async (id: string, by = admin) =>
  (
    await invoke(PrescriptionServiceService.getPrescription, bound(getPrescription, clinical.app), by, {
      prescriptionId: id,
    })
  ).response;

const REFUSED = { reason: "BREAK_GLASS_REQUIRED" };

async function expectRefused(by = admin): Promise<void> {
  await expect(clinical.read(consultationId, by)).rejects.toMatchObject(REFUSED);
  await expect(prescription(prescriptionId, by)).rejects.toMatchObject(REFUSED);
  await expect(consultations(patient.userId, by)).rejects.toMatchObject(REFUSED);
  await expect(prescriptions(patient.userId, by)).rejects.toMatchObject(REFUSED);
}

describe("an admin", () => {
  test("without a grant is refused, whether or not the record exists", async () => {
    await expectRefused();
    await expect(clinical.read(newId(), admin)).rejects.toMatchObject(REFUSED);
    await expect(prescription(newId())).rejects.toMatchObject(REFUSED);
    await expect(consultations(newId())).rejects.toMatchObject(REFUSED);
  });

  test("under a grant reads the records of its patient only", async () => {
    await grant();
    expect(await clinical.read(consultationId, admin)).toMatchObject({
      notes: NOTES,
      addenda: [{ text: ADDED }],
    });
    expect(await prescription(prescriptionId)).toMatchObject({ content: CONTENT });
    expect((await consultations(patient.userId)).map(({ id }) => id)).toEqual([consultationId]);
    expect((await prescriptions(patient.userId)).map(({ id }) => id)).toEqual([prescriptionId]);
    await expect(consultations(otherPatient.userId)).rejects.toMatchObject(REFUSED);
  });

  test("who finds no records under a grant is audited as well", async () => {
    const untreated = userCaller("PATIENT");
    const grantId = await grant(admin.userId, untreated.userId);
    expect(await consultations(untreated.userId)).toEqual([]);
    expect(await prescriptions(untreated.userId)).toEqual([]);
    const lines = await clinical.app.db.read(
      `SELECT action, resource, outcome, actor_id AS actorId, grant_id AS grantId FROM audit_events
        WHERE ? MEMBER OF (subject_ids)
       ORDER BY occur_time, id`,
      [untreated.userId],
    );
    const line = { outcome: "SUCCESS", actorId: admin.userId, grantId: grantId };
    expect(lines).toEqual([
      { action: "consultation.list", resource: "consultations", ...line },
      { action: "prescription.list", resource: "prescriptions", ...line },
    ]);
    expect(await consultations(untreated.userId, doctor)).toEqual([]);
    expect(await clinical.auditEntries("consultations")).toHaveLength(1);
  });

  test("cannot use another admin's grant", async () => {
    await grant(otherAdmin.userId);
    await expectRefused();
  });

  test("must name the patient of a list", async () => {
    await grant();
    const unnamed = { reason: "INVALID_REQUEST", violations: [{ field: "patient_id" }] };
    await expect(consultations("")).rejects.toMatchObject(unnamed);
    await expect(prescriptions("")).rejects.toMatchObject(unnamed);
  });

  test("reads until the millisecond at which the grant ends", async () => {
    await grant();
    clinical.app.clock.advance(30 * MINUTE_MS - 1);
    await clinical.read(consultationId, admin);
    clinical.app.clock.advance(1);
    await expectRefused();
  });

  test("is refused after the revocation of the grant, in every order of events", async () => {
    await revoke(await grant());
    await expectRefused();
    const late = newId();
    await revoke(late);
    const breakGlass = { adminId: admin.userId, patientId: patient.userId, endTime: inMinutes(30) };
    await clinical.deliver("auth", {
      type: "break_glass.granted",
      aggregateId: late,
      version: 1,
      state: { $case: "breakGlass", value: breakGlass },
    });
    await expectRefused();
  });

  test("cannot change a consultation under a grant", async () => {
    await grant();
    await expect(clinical.start(consultationId, admin)).rejects.toMatchObject({ reason: "NOT_FOUND" });
  });
});

test("a grant longer than the maximum is refused; others in its batch are applied", async () => {
  const grantUntil = (endTime: Date) => ({
    type: "break_glass.granted",
    aggregateId: newId(),
    version: 1,
    state: {
      $case: "breakGlass" as const,
      value: { adminId: otherAdmin.userId, patientId: patient.userId, endTime },
    },
  });
  expect(await clinical.deliver("auth", grantUntil(inMinutes(31)))).toEqual(["INVALID_REQUEST"]);
  expect(await consultations(patient.userId, otherAdmin).catch(({ reason }) => reason)).toBe(
    "BREAK_GLASS_REQUIRED",
  );
  expect(await clinical.deliver("auth", grantUntil(inMinutes(31)), grantUntil(inMinutes(30)))).toEqual([
    "INVALID_REQUEST",
  ]);
  expect(await consultations(patient.userId, otherAdmin)).toHaveLength(1);
});

test("only auth may send events of grants", async () => {
  const event = { type: "break_glass.granted", aggregateId: newId(), version: 1 };
  const breakGlass = { adminId: admin.userId, patientId: patient.userId, endTime: inMinutes(30) };
  await expect(
    clinical.deliver("scheduling", { ...event, state: { $case: "breakGlass", value: breakGlass } }),
  ).rejects.toMatchObject({
    reason: "PERMISSION_DENIED",
  });
});

test("the patient of a list narrows it for a doctor, and widens it for no caller", async () => {
  expect((await consultations(patient.userId, doctor)).map(({ id }) => id)).toEqual([consultationId]);
  expect(await consultations(otherPatient.userId, patient)).toEqual([]);
  expect(await consultations(patient.userId, userCaller("DOCTOR"))).toEqual([]);
});
