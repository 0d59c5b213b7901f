import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
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

test.each([
  ["COMPLETED", { status: "COMPLETED", noShowParty: undefined }],
  ["NO_SHOW_PATIENT", { status: "NO_SHOW", noShowParty: "PATIENT" }],
  ["NO_SHOW_DOCTOR", { status: "NO_SHOW", noShowParty: "DOCTOR" }],
  ["NO_SHOW_BOTH", { status: "NO_SHOW", noShowParty: "BOTH" }],
] as const)(
  "a consultation gets the outcome of its booking, %s, and sends no event",
  async (outcome, ended) => {
    const { consultationId, closedAs } = await book(0);
    clinical.app.clock.advance(31 * MINUTE_MS);
    expect(await clinical.deliver("scheduling", closedAs(outcome))).toEqual([]);
    expect(await clinical.read(consultationId, doctor)).toMatchObject({
      ...ended,
      closedByAdmin: true,
      notes: "",
    });
    expect(await clinical.deliveries(consultationId)).toEqual([]);
    expect(await clinical.actions(consultationId)).toContain("consultation.close");
  },
);

test("a doctor can add addenda to a consultation that an admin closed as completed, but not change it", async () => {
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

test("an earlier end by the doctor stays, and is the only one sent", async () => {
  const { consultationId, closedAs } = await book(0);
  await clinical.meet(consultationId, patient, doctor);
  clinical.app.clock.advance(31 * MINUTE_MS);
  const completed = await clinical.complete(consultationId, doctor, "flu");
  expect(await clinical.deliver("scheduling", closedAs("NO_SHOW_BOTH"))).toEqual([]);
  expect(await clinical.read(consultationId, doctor)).toEqual(completed);
  expect((await clinical.deliveries(consultationId)).slice(1)).toEqual([
    "consultation.completed to scheduling",
    "consultation.completed to billing",
  ]);
});

test("of a completion and a concurrent closing, one takes place", async () => {
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
    expect(await clinical.deliveries(consultationId)).toHaveLength(isDoctors ? 3 : 1);
  }
});

test("a closing creates an unknown consultation, and sets the booking's time", async () => {
  const unknown = clinical.booking(patient, doctor, -60);
  await clinical.deliver("scheduling", unknown.closedAs("COMPLETED"));
  await clinical.deliver("scheduling", unknown.confirmed);
  expect(await clinical.read(unknown.consultationId, doctor)).toMatchObject({
    status: "COMPLETED",
    closedByAdmin: true,
  });
  const known = await book(0);
  const startTime = new Date(known.confirmed.state.value.startTime.getTime() - HOUR_MS);
  const endTime = new Date(known.confirmed.state.value.endTime.getTime() - HOUR_MS);
  await clinical.deliver("scheduling", known.closedAs("NO_SHOW_BOTH", { startTime, endTime }));
  expect(await clinical.read(known.consultationId, doctor)).toMatchObject({ startTime, endTime });
});
