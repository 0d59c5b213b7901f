import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";

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

/** Records a no-show of a party, after the doctor has become ready and waited. */
const miss = async (consultationId: string, party: "PATIENT" | "DOCTOR") => {
  await clinical.ready(consultationId, doctor);
  clinical.app.clock.advance(20 * MINUTE_MS);
  return await clinical.markNoShow(consultationId, doctor, party);
};

test("a confirmed booking creates its consultation, with the names from auth and scheduling", async () => {
  const user = (userId: string, fullName: string, role: string) => ({
    type: "user.created",
    aggregateId: userId,
    version: 1,
    state: { $case: "user" as const, value: { fullName, role } },
  });
  await clinical.deliver(
    "auth",
    user(patient.userId, "Ann", "PATIENT"),
    user(doctor.userId, "Dr. Bo", "DOCTOR"),
  );
  const { consultationId, bookingId, confirmed } = await book(60);
  expect(await clinical.auditEntries(`consultations/${consultationId}`)).toEqual([
    {
      action: "consultation.create",
      actorId: "service:scheduling",
      subjectIds: [patient.userId, doctor.userId],
    },
  ]);
  expect(await clinical.read(consultationId, patient)).toEqual({
    id: consultationId,
    bookingId,
    patientId: patient.userId,
    patientName: "Ann",
    doctorId: doctor.userId,
    doctorName: "Dr. Bo",
    status: "SCHEDULED",
    startTime: confirmed.state.value.startTime,
    endTime: confirmed.state.value.endTime,
    startedTime: undefined,
    endedTime: undefined,
    notes: "",
    noShowParty: undefined,
    doctorReadyTime: undefined,
    closedByAdmin: false,
    addenda: [],
    etag: "0001",
  });
});

test("a batch with repeated and old events creates each consultation once", async () => {
  const bookings = Array.from({ length: 50 }, () => clinical.booking(patient, doctor, 60));
  const confirmed = bookings.map((booking) => booking.confirmed);
  expect(await clinical.deliver("scheduling", ...confirmed, confirmed[0]!)).toEqual([]);
  expect(await clinical.deliver("scheduling", ...confirmed)).toEqual([]);
  for (const { consultationId } of bookings) {
    expect(await clinical.actions(consultationId)).toEqual(["consultation.create"]);
  }
});

test("only scheduling may send events of bookings", async () => {
  const { confirmed } = clinical.booking(patient, doctor, 60);
  await expect(clinical.deliver("billing", confirmed)).rejects.toMatchObject({ reason: "PERMISSION_DENIED" });
});

test("an event that cannot be applied does not delay others", async () => {
  const good = clinical.booking(patient, doctor, 60);
  const payment = { bookingId: newId(), authorizeTime: undefined };
  const bad = {
    type: "booking.confirmed",
    aggregateId: newId(),
    version: 2,
    state: { $case: "payment", value: payment },
  } as const;
  expect(await clinical.deliver("scheduling", bad, good.confirmed)).toEqual(["INTERNAL"]);
  expect((await clinical.read(good.consultationId, patient)).status).toBe("SCHEDULED");
});

test("the cancellation of its booking cancels a consultation, and sends no event", async () => {
  const { consultationId, cancelled } = await book(60);
  expect(await clinical.deliver("scheduling", cancelled)).toEqual([]);
  expect(await clinical.read(consultationId, patient)).toMatchObject({
    status: "CANCELLED",
    endedTime: undefined,
  });
  expect((await clinical.deliveries(consultationId)).sort()).toEqual([]);
  expect(await clinical.actions(consultationId)).toEqual([
    "consultation.create",
    "consultation.cancel",
    "consultation.get",
  ]);
});

test("the cancellation of its booking abandons a consultation in progress", async () => {
  const { consultationId, cancelled } = await book(10);
  await clinical.meet(consultationId, patient, doctor);
  await clinical.deliver("scheduling", cancelled);
  const endedTime = clinical.app.clock.now();
  expect(await clinical.read(consultationId, patient)).toMatchObject({ status: "ABANDONED", endedTime });
  expect((await clinical.deliveries(consultationId)).sort()).toEqual(["consultation.started to scheduling"]);
});

test.each([
  ["is scheduled", false],
  ["has its patient in the waiting room", true],
])("a consultation that %s is rescheduled with its booking", async (_, isWaiting) => {
  const booking = await book(10);
  if (isWaiting) await clinical.join(booking.consultationId, patient);
  const later = clinical.rescheduledBy(booking.confirmed, 24 * 60);
  expect(await clinical.deliver("scheduling", later)).toEqual([]);
  expect(await clinical.read(booking.consultationId, patient)).toMatchObject({
    status: "SCHEDULED",
    startTime: later.state.value.startTime,
    endTime: later.state.value.endTime,
  });
});

test.each(["PATIENT", "DOCTOR"] as const)(
  "a no-show of the %s is void if its booking had been rescheduled",
  async (party) => {
    const { consultationId, confirmed } = await book(0);
    await miss(consultationId, party);
    const later = clinical.rescheduledBy(confirmed, 24 * 60);
    expect(await clinical.deliver("scheduling", later)).toEqual([]);
    const { startTime, endTime } = later.state.value;
    expect(await clinical.read(consultationId, patient)).toMatchObject({
      status: "SCHEDULED",
      noShowParty: undefined,
      doctorReadyTime: undefined,
      startTime,
      endTime,
    });
    clinical.app.clock.advance((24 * 60 - 20) * MINUTE_MS);
    await clinical.meet(consultationId, patient, doctor);
    expect((await clinical.complete(consultationId, doctor, "flu")).status).toBe("COMPLETED");
  },
);

test("a no-show stays if its booking was rescheduled away and back", async () => {
  const { consultationId, confirmed } = await book(0);
  const missed = await miss(consultationId, "PATIENT");
  await clinical.deliver("scheduling", clinical.rescheduledBy(confirmed, 0));
  expect(await clinical.read(consultationId, doctor)).toEqual(missed);
});

test("a reschedule that overtakes the confirmation creates the consultation", async () => {
  const { consultationId, confirmed } = clinical.booking(patient, doctor, 60);
  const rescheduled = clinical.rescheduledBy(confirmed, 60);
  await clinical.deliver("scheduling", rescheduled);
  await clinical.deliver("scheduling", confirmed);
  expect((await clinical.read(consultationId, patient)).startTime).toEqual(rescheduled.state.value.startTime);
});

test("a consultation in progress keeps its time", async () => {
  const { consultationId, confirmed } = await book(10);
  const started = await clinical.meet(consultationId, patient, doctor);
  await clinical.deliver("scheduling", clinical.rescheduledBy(confirmed, 60));
  expect((await clinical.read(consultationId, patient)).startTime).toEqual(started.startTime);
  await clinical.complete(consultationId, doctor, "flu");
  const ended = (await clinical.outbox(consultationId)).at(-1)!.event;
  // Scheduling learns that the consultation took place at another time than its booking.
  expect(stateOf(ended, "consultation")).toMatchObject({
    startTime: started.startTime,
    endTime: started.endTime,
  });
});

test("the cancellation of its booking does not change an ended consultation", async () => {
  const { consultationId, cancelled } = await book(0);
  await clinical.meet(consultationId, patient, doctor);
  const completed = await clinical.complete(consultationId, doctor, "flu");
  expect(await clinical.deliver("scheduling", cancelled)).toEqual([]);
  expect(await clinical.read(consultationId, doctor)).toEqual(completed);
});

test("a cancellation that overtakes the confirmation prevents the consultation", async () => {
  const { consultationId, cancelled, confirmed } = clinical.booking(patient, doctor, 60);
  expect(await clinical.deliver("scheduling", cancelled)).toEqual([]);
  expect(await clinical.deliver("scheduling", confirmed)).toEqual([]);
  await expect(clinical.read(consultationId, patient)).rejects.toMatchObject({ reason: "NOT_FOUND" });
});
