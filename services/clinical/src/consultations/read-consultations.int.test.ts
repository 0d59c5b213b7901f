import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ConsultationServiceService,
  ListConsultationsRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { type ClinicalTest, startClinical } from "../testing/clinical-fixture.ts";
import { getConsultationStats } from "./consultation-stats.ts";
import { listConsultations } from "./read-consultations.ts";

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

const list = async (by: Caller, request: Partial<ListConsultationsRequest>) =>
  (
    await invoke(
      ConsultationServiceService.listConsultations,
      bound(listConsultations, clinical.app),
      by,
      ListConsultationsRequest.fromPartial(request),
    )
  ).response;

test("lists are paged, latest start first, with each consultation once; each read is audited", async () => {
  const ids = [];
  for (let i = 0; i < 7; i++) ids.push((await book(60 + Math.floor(i / 2))).consultationId);
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await list(patient, { pageSize: 3, pageToken });
    seen.push(...page.consultations.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  expect(seen).toEqual(ids.toReversed());
  expect((await clinical.auditEntries(`consultations/${ids[0]}`)).at(-1)).toEqual({
    action: "consultation.list",
    actorId: patient.userId,
    subjectIds: [patient.userId],
  });
});

test("a page token is valid for its own list only", async () => {
  for (let i = 0; i < 2; i++) await book(60);
  const { nextPageToken: pageToken } = await list(patient, { pageSize: 1 });
  const wrong = { reason: "INVALID_PAGE_TOKEN" };
  await expect(list(patient, { pageToken, status: "WAITING" })).rejects.toMatchObject(wrong);
  await expect(list(doctor, { pageToken })).rejects.toMatchObject(wrong);
});

test("a list can be filtered by status and time, and shows the caller's records only", async () => {
  const early = await book(5);
  const late = await book(120);
  await clinical.join(early.consultationId, patient);
  const ids = async (by: Caller, request: Partial<ListConsultationsRequest>) =>
    (await list(by, request)).consultations.map(({ id }) => id);
  const { startTime } = late.confirmed.state.value;
  expect(await ids(doctor, { status: "WAITING" })).toEqual([early.consultationId]);
  expect(await ids(doctor, { startTime })).toEqual([late.consultationId]);
  expect(await ids(doctor, { endTime: startTime })).toEqual([early.consultationId]);
  expect(await ids(userCaller("DOCTOR"), {})).toEqual([]);
  expect(await ids(userCaller("PATIENT"), {})).toEqual([]);
});

test("the figures count consultations by status, and completed ones by day", async () => {
  const figures = async () => {
    const { getConsultationStats: method } = ConsultationServiceService;
    return (await invoke(method, bound(getConsultationStats, { ...clinical.app }), userCaller("ADMIN"), {}))
      .response;
  };
  const today = clinical.app.clock.now().toISOString().slice(0, 10);
  const before = await figures();
  const { consultationId } = await book(0);
  await clinical.meet(consultationId, patient, doctor);
  await clinical.complete(consultationId, doctor, "flu");
  const after = await figures();
  const { COMPLETED: was = 0 } = before.consultationsByStatus;
  expect(after.consultationsByStatus.COMPLETED).toBe(was + 1);
  expect(after.completedByDay[today]).toBe((before.completedByDay[today] ?? 0) + 1);
  expect(Object.keys(after.completedByDay)).toHaveLength(7);
});

test("fifty concurrent calls for figures share two scans", async () => {
  const [scans, reads] = [jest.spyOn(clinical.app.db, "scan"), jest.spyOn(clinical.app.db, "read")];
  const figures = bound(getConsultationStats, { ...clinical.app });
  const read = () =>
    invoke(ConsultationServiceService.getConsultationStats, figures, userCaller("ADMIN"), {});
  await Promise.all(Array.from({ length: 50 }, read));
  expect([scans.mock.calls.length, reads.mock.calls.length]).toEqual([2, 0]);
  jest.restoreAllMocks();
});
