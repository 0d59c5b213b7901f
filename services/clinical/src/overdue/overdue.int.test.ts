import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ConsultationServiceService,
  ListOverdueConsultationsRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { listOverdueConsultations } from "./list-overdue.ts";
import { reportOverdue } from "./report-overdue.ts";

const HOUR_MS = 60 * MINUTE_MS;

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

test("a consultation in progress a day after its end sends one event, and is listed until it ends", async () => {
  const admin = userCaller("ADMIN");
  const list = async (page: Partial<ListOverdueConsultationsRequest> = {}) =>
    (
      await invoke(
        ConsultationServiceService.listOverdueConsultations,
        bound(listOverdueConsultations, clinical.app),
        admin,
        ListOverdueConsultationsRequest.fromPartial(page),
      )
    ).response;
  const [first, second] = [await book(0), await book(5)];
  for (const { consultationId } of [first, second]) {
    await clinical.meet(consultationId, patient, doctor);
  }
  clinical.app.clock.advance(24 * HOUR_MS + 35 * MINUTE_MS - 1);
  await reportOverdue(clinical.app)();
  expect((await list({ pageSize: 100 })).consultations.map(({ id }) => id)).not.toContain(
    second.consultationId,
  );
  clinical.app.clock.advance(1);
  await Promise.all([reportOverdue(clinical.app)(), reportOverdue(clinical.app)()]);
  for (const { consultationId } of [first, second]) {
    expect(await clinical.deliveries(consultationId)).toEqual([
      "consultation.started to scheduling",
      "consultation.overdue to scheduling",
    ]);
  }
  const listed = (await list({ pageSize: 100 })).consultations;
  const own = listed.filter(({ doctorId }) => doctorId === doctor.userId);
  expect(own.map(({ id }) => id)).toEqual([first.consultationId, second.consultationId]);
  expect(own[0]).toMatchObject({ status: "IN_PROGRESS", notes: undefined, patientId: patient.userId });
  expect((await clinical.auditEntries(`consultations/${first.consultationId}`)).at(-1)).toEqual({
    action: "consultation.list_overdue",
    actorId: admin.userId,
    subjectIds: [patient.userId],
  });
  const { nextPageToken } = await list({ pageSize: 1 });
  expect((await list({ pageSize: 100, pageToken: nextPageToken })).consultations).toHaveLength(
    listed.length - 1,
  );
  await clinical.complete(first.consultationId, doctor, "flu");
  await clinical.deliver("scheduling", second.closedAs("COMPLETED"));
  const left = (await list({ pageSize: 100 })).consultations.map(({ id }) => id);
  expect(left).not.toContain(first.consultationId);
  expect(left).not.toContain(second.consultationId);
});

test("the job ends when its process stops", async () => {
  const aborted = { name: "AbortError" };
  await expect(reportOverdue(clinical.app)(AbortSignal.abort())).rejects.toMatchObject(aborted);
});
