import { afterAll, beforeAll } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Job } from "@medconnect/platform/jobs/jobs.ts";
import { type JobCase, testJobs } from "@medconnect/platform/testing/job-tests.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  CreatePrescriptionRequest,
  PrescriptionServiceService,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import { jobsOf } from "./jobs.ts";
import { createPrescription } from "./prescriptions/create-prescription.ts";
import { getPrescription } from "./prescriptions/read-prescriptions.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "./testing/clinical-fixture.ts";

const { createPrescription: prescribe, getPrescription: get } = PrescriptionServiceService;
const [patient, doctor] = [userCaller("PATIENT"), userCaller("DOCTOR")];

let clinical: ClinicalTest;
let jobs: Job[];

beforeAll(async () => {
  clinical = await startClinical();
  jobs = jobsOf(clinical.app, { NO_SHOW_SWEEP: MINUTE_MS });
});
afterAll(() => clinical.app.close());

const cases: Record<string, JobCase> = {
  "sweep no-shows": async () => {
    const { consultationId } = await clinical.scheduled(patient, doctor, 0);
    clinical.app.clock.advance(30 * MINUTE_MS + clinical.app.unattendedAfterMs);
    return async () => (await clinical.read(consultationId, patient)).status === "NO_SHOW";
  },
  "stop prescriptions": async () => {
    const { app, completed, deliver, licensed } = clinical;
    const consultationId = await completed(patient, doctor, "flu");
    const request = CreatePrescriptionRequest.fromPartial({
      consultationId,
      content: "Tea",
      idempotencyKey: newId(),
    });
    const { id } = (await invoke(prescribe, bound(createPrescription, app), doctor, request)).response;
    const order = {
      prescriptionsStopTime: app.clock.now(),
      prescriptionsStoppedBy: userCaller("ADMIN").userId,
    };
    await deliver("scheduling", licensed(doctor, "", 2, order));
    const read = () => invoke(get, bound(getPrescription, app), patient, { prescriptionId: id });
    return async () => (await read()).response.status === "STOPPED";
  },
  "report overdue consultations": async () => {
    const consultationId = await clinical.started(patient, userCaller("DOCTOR"));
    clinical.app.clock.advance(30 * MINUTE_MS + clinical.app.overdueAfterMs);
    return async () =>
      (await clinical.outbox(consultationId)).some(({ event }) => event.type === "consultation.overdue");
  },
};

testJobs(cases, () => jobs);
