import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { ConsultationServiceService } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { batchGetConsultationSnapshots } from "./batch-get-snapshots.ts";

const doctor = userCaller("DOCTOR");
const patient = userCaller("PATIENT");
let clinical: ClinicalTest;

beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

const ask = async (...consultationIds: string[]) => {
  const method = ConsultationServiceService.batchGetConsultationSnapshots;
  const scheduling = { kind: "service", name: "scheduling" } as const;
  const handler = bound(batchGetConsultationSnapshots, clinical.app);
  return (await invoke(method, handler, scheduling, { consultationIds })).response.snapshots;
};

test("describes the existing consultations, and leaves out unknown ones", async () => {
  const { consultationId, confirmed } = clinical.booking(patient, doctor, 60);
  await clinical.deliver("scheduling", confirmed);
  const { startTime, endTime, paymentId } = confirmed.state.value;
  const scheduled = {
    consultationId,
    bookingId: confirmed.aggregateId,
    paymentId,
    status: "SCHEDULED",
    startTime,
    endTime,
    version: 1,
    inFlight: false,
    brokenOff: false,
    closedByAdmin: false,
    movePending: false,
  };
  expect(await ask(consultationId, newId())).toEqual([scheduled]);
});

test("shows the late party", async () => {
  const { consultationId, confirmed } = clinical.booking(patient, doctor, 0);
  await clinical.deliver("scheduling", confirmed, clinical.licensed(doctor));
  await clinical.join(consultationId, patient);
  clinical.app.clock.advance(20 * MINUTE_MS);
  await clinical.start(consultationId, doctor);
  expect(await ask(consultationId)).toMatchObject([{ status: "IN_PROGRESS", lateParty: "DOCTOR" }]);
});

test("shows whether an event is still to be delivered", async () => {
  const { consultationId, confirmed } = clinical.booking(patient, doctor, 0);
  await clinical.deliver("scheduling", confirmed);
  await clinical.meet(consultationId, patient, doctor);
  expect(await ask(consultationId)).toMatchObject([{ status: "IN_PROGRESS", inFlight: true }]);
  await clinical.app.db.write("UPDATE outbox SET dead = TRUE WHERE aggregateid = ?", [consultationId]);
  expect(await ask(consultationId)).toMatchObject([{ status: "IN_PROGRESS", inFlight: false }]);
});

test("tells an abandonment by the doctor from one by a cancellation", async () => {
  const started = async () => {
    const booked = clinical.booking(patient, doctor, 0);
    await clinical.deliver("scheduling", booked.confirmed);
    await clinical.meet(booked.consultationId, patient, doctor);
    return booked;
  };
  const [broken, cancelled] = [await started(), await started()];
  await clinical.abandon(broken.consultationId, doctor, "no sound");
  await clinical.deliver("scheduling", cancelled.cancelled);
  expect(await ask(broken.consultationId)).toMatchObject([{ status: "ABANDONED", brokenOff: true }]);
  expect(await ask(cancelled.consultationId)).toMatchObject([{ status: "ABANDONED", brokenOff: false }]);
});
