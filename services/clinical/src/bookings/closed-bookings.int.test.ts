import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ConsultationServiceService,
  ListOverdueConsultationsRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { sweepNoShows } from "../no-shows/sweep-no-shows.ts";
import { listOverdueConsultations } from "../overdue/list-overdue.ts";
import { reportOverdue } from "../overdue/report-overdue.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";

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

/** Events of a consultation, as "type to service". */
const outbox = async (consultationId: string) =>
  (await clinical.outbox(consultationId)).map(({ event, destination }) => `${event.type} to ${destination}`);

test.each([
  ["COMPLETED", { status: "COMPLETED", noShowParty: undefined }],
  ["NO_SHOW_PATIENT", { status: "NO_SHOW", noShowParty: "PATIENT" }],
  ["NO_SHOW_DOCTOR", { status: "NO_SHOW", noShowParty: "DOCTOR" }],
  ["NO_SHOW_BOTH", { status: "NO_SHOW", noShowParty: "BOTH" }],
] as const)(
  "a consultation ends with its booking's outcome: %s, without an event",
  async (outcome, ended) => {
    const { consultationId, closedAs } = await book(0);
    clinical.app.clock.advance(31 * MINUTE_MS);
    expect(await clinical.deliver("scheduling", closedAs(outcome))).toEqual([]);
    expect(await clinical.read(consultationId, doctor)).toMatchObject({
      ...ended,
      closedByAdmin: true,
      notes: "",
    });
    expect(await outbox(consultationId)).toEqual([]);
    expect(await clinical.actions(consultationId)).toContain("consultation.close");
  },
);

test("the doctor adds addenda to a consultation that an admin closed as completed, but cannot change it", async () => {
  const { consultationId, closedAs } = await book(0);
  await clinical.meet(consultationId, patient, doctor);
  clinical.app.clock.advance(31 * MINUTE_MS);
  await clinical.deliver("scheduling", closedAs("COMPLETED"));
  const added = await clinical.add(consultationId, doctor, "It was the flu.");
  expect(await clinical.read(consultationId, patient)).toMatchObject({
    status: "COMPLETED",
    closedByAdmin: true,
    notes: "",
    addenda: [added],
  });
  const complete = clinical.complete(consultationId, doctor, "flu");
  await expect(complete).rejects.toMatchObject({ reason: "NOTES_LOCKED" });
  const abandon = clinical.abandon(consultationId, doctor, "no sound");
  await expect(abandon).rejects.toMatchObject({ reason: "ILLEGAL_TRANSITION" });
});

test("an unattended consultation closes itself though its doctor has lost the licence", async () => {
  const { consultationId } = await book(0);
  clinical.app.clock.advance(MINUTE_MS);
  await clinical.deliver("scheduling", clinical.licensed(doctor, "", 2));
  clinical.app.clock.advance(3 * HOUR_MS);
  await sweepNoShows(clinical.app)();
  expect(await clinical.read(consultationId, patient)).toMatchObject({
    status: "NO_SHOW",
    noShowParty: "BOTH",
  });
  expect(await outbox(consultationId)).toContain("consultation.no_show to scheduling");
});

test("the doctor's earlier end stands, and is the only one sent", async () => {
  const { consultationId, closedAs } = await book(0);
  await clinical.meet(consultationId, patient, doctor);
  clinical.app.clock.advance(31 * MINUTE_MS);
  const completed = await clinical.complete(consultationId, doctor, "flu");
  expect(await clinical.deliver("scheduling", closedAs("NO_SHOW_BOTH"))).toEqual([]);
  expect(await clinical.read(consultationId, doctor)).toEqual(completed);
  expect((await outbox(consultationId)).slice(1)).toEqual([
    "consultation.completed to scheduling",
    "consultation.completed to billing",
  ]);
});

test("of a concurrent doctor's step and closing, one happens", async () => {
  for (let round = 0; round < 10; round++) {
    const { consultationId, closedAs } = await book(0);
    await clinical.meet(consultationId, patient, doctor);
    const [completed] = await Promise.allSettled([
      clinical.complete(consultationId, doctor, "flu"),
      clinical.deliver("scheduling", closedAs("NO_SHOW_BOTH")),
    ]);
    const { status, closedByAdmin } = await clinical.read(consultationId, doctor);
    const isDoctors = completed.status === "fulfilled";
    expect({ status, closedByAdmin }).toEqual({
      status: isDoctors ? "COMPLETED" : "NO_SHOW",
      closedByAdmin: !isDoctors,
    });
    expect(await outbox(consultationId)).toHaveLength(isDoctors ? 3 : 1);
  }
});

test("a closing creates an unknown consultation, at the booking's time", async () => {
  const unheard = clinical.booking(patient, doctor, -60);
  await clinical.deliver("scheduling", unheard.closedAs("COMPLETED"));
  await clinical.deliver("scheduling", unheard.confirmed);
  expect(await clinical.read(unheard.consultationId, doctor)).toMatchObject({
    status: "COMPLETED",
    closedByAdmin: true,
  });
  const moved = await book(0);
  const startTime = new Date(moved.confirmed.state.value.startTime.getTime() - HOUR_MS);
  const endTime = new Date(moved.confirmed.state.value.endTime.getTime() - HOUR_MS);
  await clinical.deliver("scheduling", moved.closedAs("NO_SHOW_BOTH", { startTime, endTime }));
  expect(await clinical.read(moved.consultationId, doctor)).toMatchObject({ startTime, endTime });
});

test("an unattended consultation closes itself two hours after its end as NO_SHOW of both", async () => {
  const untouched = await book(0);
  const awaited = await book(0);
  const unaccepted = await book(0);
  await clinical.deliver("scheduling", {
    ...clinical.rescheduledBy(unaccepted.confirmed, 1),
    state: {
      $case: "booking",
      value: { ...clinical.rescheduledBy(unaccepted.confirmed, 0).state.value, movePending: true },
    },
  });
  const met = await book(0);
  await clinical.ready(awaited.consultationId, doctor);
  await clinical.meet(met.consultationId, patient, doctor);
  const all = [untouched, awaited, unaccepted].map(({ consultationId }) => consultationId);
  clinical.app.clock.advance(30 * MINUTE_MS + 2 * HOUR_MS - 1);
  await sweepNoShows(clinical.app)();
  for (const id of all) expect((await clinical.read(id, patient)).status).toBe("SCHEDULED");
  clinical.app.clock.advance(1);
  await Promise.all([sweepNoShows(clinical.app)(), sweepNoShows(clinical.app)()]);
  for (const id of all) {
    expect(await clinical.read(id, patient)).toMatchObject({
      status: "NO_SHOW",
      noShowParty: "BOTH",
      closedByAdmin: false,
    });
    expect((await outbox(id)).sort()).toEqual(["consultation.no_show to scheduling"]);
    for (const { event } of await clinical.outbox(id)) {
      expect(stateOf(event, "consultation")).toMatchObject({ noShowParty: "BOTH" });
    }
  }
  expect((await clinical.read(met.consultationId, patient)).status).toBe("IN_PROGRESS");
});

test("a consultation in progress a day after its end sends one event, and stays in the admins' list until it is closed", async () => {
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
    expect(await outbox(consultationId)).toEqual([
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
  // Two others come from the test before.
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

test("the sweeps end with their process", async () => {
  const aborted = { name: "AbortError" };
  await expect(reportOverdue(clinical.app)(AbortSignal.abort())).rejects.toMatchObject(aborted);
});
