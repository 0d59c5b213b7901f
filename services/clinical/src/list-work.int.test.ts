import { afterAll, beforeAll } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import {
  copyRow,
  type ListUnderTest,
  listUnderTest,
  NEW_ID,
} from "@medconnect/platform/testing/list-work.ts";
import {
  FOREIGN_ROWS as FOREIGN,
  OWN_ROWS as OWN,
  testListWork,
} from "@medconnect/platform/testing/list-work-tests.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { PrescriptionServiceService } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { Clinical } from "./app.ts";
import { listConsultations } from "./consultations/read-consultations.ts";
import { listOverdueConsultations } from "./overdue/list-overdue.ts";
import { listDoctorPrescriptions } from "./prescriptions/list-doctor-prescriptions.ts";
import { listPrescriptions } from "./prescriptions/read-prescriptions.ts";
import { type ClinicalTest, startClinical } from "./testing/clinical-fixture.ts";

let clinical: ClinicalTest;
let lists: ListUnderTest<Clinical>[];
let values: Record<string, string>;

beforeAll(async () => {
  clinical = await startClinical();
  const { app } = clinical;
  const [patient, doctor, admin] = [userCaller("PATIENT"), userCaller("DOCTOR"), userCaller("ADMIN")];
  const consultationId = await clinical.completed(patient, doctor, "All well.");
  const prescriptionId = newId();
  await app.db.write(
    `INSERT INTO prescriptions (id, consultation_id, patient_id, doctor_id, status, content, items, issue_time, expire_time)
     VALUES (?, ?, ?, ?, 'ACTIVE', '', '', ?, ?)`,
    [
      binaryId(prescriptionId),
      binaryId(consultationId),
      binaryId(patient.userId),
      binaryId(doctor.userId),
      app.clock.now(),
      new Date(app.clock.now().getTime() + 365 * 24 * 3_600_000),
    ],
  );
  const earlier = {
    id: NEW_ID,
    booking_id: NEW_ID,
    start_time: "t.start_time - INTERVAL n MINUTE",
    end_time: "t.end_time - INTERVAL n MINUTE",
  };
  const overdue = { ...earlier, end_time: "t.end_time - INTERVAL n + 2880 MINUTE", status: "'IN_PROGRESS'" };
  const issued = { id: NEW_ID, issue_time: "t.issue_time - INTERVAL n MINUTE" };
  const foreign = { patient_id: NEW_ID, doctor_id: NEW_ID };
  await copyRow(app.db, "consultations", consultationId, OWN, { ...earlier, doctor_id: NEW_ID });
  await copyRow(app.db, "consultations", consultationId, OWN, { ...overdue, patient_id: NEW_ID });
  await copyRow(app.db, "consultations", consultationId, FOREIGN, { ...earlier, ...foreign });
  await copyRow(app.db, "prescriptions", prescriptionId, OWN, issued);
  await copyRow(app.db, "prescriptions", prescriptionId, OWN, {
    ...issued,
    consultation_id: NEW_ID,
    doctor_id: NEW_ID,
  });
  await copyRow(app.db, "prescriptions", prescriptionId, OWN, {
    ...issued,
    consultation_id: NEW_ID,
    patient_id: NEW_ID,
  });
  await copyRow(app.db, "prescriptions", prescriptionId, FOREIGN, {
    ...issued,
    ...foreign,
    consultation_id: NEW_ID,
  });
  await app.db.write("INSERT INTO people (user_id, full_name, role) VALUES (?, 'Jo', 'DOCTOR')", [
    binaryId(doctor.userId),
  ]);
  await app.db.write("ANALYZE TABLE consultations, prescriptions");
  lists = [
    listUnderTest(ConsultationServiceService.listConsultations, listConsultations, patient, doctor),
    listUnderTest(ConsultationServiceService.listOverdueConsultations, listOverdueConsultations, admin),
    listUnderTest(PrescriptionServiceService.listPrescriptions, listPrescriptions, patient, doctor),
    listUnderTest(PrescriptionServiceService.listDoctorPrescriptions, listDoctorPrescriptions, admin),
  ];
  values = {
    patientId: patient.userId,
    doctorId: doctor.userId,
    consultationId,
    startTime: "2029-12-01T00:00:00Z",
    endTime: "2030-01-02T00:00:00Z",
  };
}, 300_000);
afterAll(() => clinical.app.close());

/**
 * Calls that may scan, because no index covers their filters. An entry names the RPC, the caller's role if
 * the role matters, and the filters.
 */
const SCANS = [
  "ListConsultations status",
  "ListConsultations DOCTOR patientId",
  "ListPrescriptions DOCTOR patientId",
];

testListWork("clinical", SCANS, () => ({ app: clinical.app, lists, values }));
