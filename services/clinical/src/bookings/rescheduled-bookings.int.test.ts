import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";

let clinical: ClinicalTest;
let doctor: ReturnType<typeof userCaller>;
let patient: ReturnType<typeof userCaller>;

beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

beforeEach(() => {
  doctor = userCaller("DOCTOR");
  patient = userCaller("PATIENT");
});

type Made = Awaited<ReturnType<ClinicalTest["scheduled"]>>;

/** Event booking.rescheduled of a booking that its doctor has moved by `minutes`. */
function rescheduledBy({ confirmed }: Made, minutes: number, version = 3) {
  const rescheduled = clinical.rescheduledBy(confirmed, minutes);
  return {
    ...rescheduled,
    version,
    state: { ...rescheduled.state, value: { ...rescheduled.state.value, movePending: true } },
  };
}

/** Event booking.move_accepted: the patient accepts the reschedule of an earlier booking.rescheduled. */
const acceptanceOf = ({ state, version, ...rescheduled }: ReturnType<typeof rescheduledBy>) => ({
  ...rescheduled,
  type: "booking.move_accepted",
  version: version + 1,
  state: { ...state, value: { ...state.value, movePending: false } },
});

const outbox = async (consultationId: string) =>
  (await clinical.outbox(consultationId)).map(({ event, destination }) => `${event.type} to ${destination}`);

/**
 * The doctor becomes ready, waits past the waiting time, and records a no-show of the patient. @returns new
 * status of the consultation, or reason of the refusal
 */
async function miss({ consultationId }: Made): Promise<string> {
  await clinical.ready(consultationId, doctor);
  clinical.app.clock.advance(20 * MINUTE_MS);
  return await clinical.markNoShow(consultationId, doctor, "PATIENT").then(
    ({ status }) => status,
    ({ reason }) => reason,
  );
}

test("a doctor who reschedules a booking from 10 days ahead to now cannot record a patient no-show", async () => {
  const made = await clinical.scheduled(patient, doctor, 10 * 24 * 60);
  await clinical.deliver("scheduling", rescheduledBy(made, -10 * 24 * 60));
  expect(await miss(made)).toBe("MOVE_NOT_ACCEPTED");
  expect(await outbox(made.consultationId)).toEqual([]);
  expect((await clinical.markNoShow(made.consultationId, doctor, "DOCTOR")).noShowParty).toBe("DOCTOR");
});

test("a patient no-show is possible once the patient has accepted the reschedule", async () => {
  const made = await clinical.scheduled(patient, doctor, 24 * 60);
  const rescheduled = rescheduledBy(made, -24 * 60);
  await clinical.deliver("scheduling", rescheduled);
  expect(await miss(made)).toBe("MOVE_NOT_ACCEPTED");
  await clinical.deliver("scheduling", acceptanceOf(rescheduled));
  expect((await clinical.markNoShow(made.consultationId, doctor, "PATIENT")).status).toBe("NO_SHOW");
  expect(await clinical.actions(made.consultationId)).toEqual([
    "consultation.create",
    "consultation.reschedule",
    "consultation.ready",
    "consultation.accept_move",
    "consultation.mark_no_show",
  ]);
});

test("joining accepts the reschedule, with one event to scheduling", async () => {
  const made = await clinical.scheduled(patient, doctor, 24 * 60);
  const rescheduled = rescheduledBy(made, -24 * 60);
  await clinical.deliver("scheduling", rescheduled);
  const joined = await clinical.join(made.consultationId, patient);
  await clinical.join(made.consultationId, patient);
  expect(await outbox(made.consultationId)).toEqual(["consultation.joined to scheduling"]);
  const { startTime, endTime } = rescheduled.state.value;
  const [sent] = await clinical.outbox(made.consultationId);
  expect(stateOf(sent!.event, "consultation")).toMatchObject({
    bookingId: made.bookingId,
    startTime,
    endTime,
  });
  // Scheduling answers with booking.move_accepted, after which the patient must still be waiting.
  await clinical.deliver("scheduling", acceptanceOf(rescheduled));
  expect((await clinical.read(made.consultationId, patient)).status).toBe(joined.status);
  expect((await clinical.start(made.consultationId, doctor)).status).toBe("IN_PROGRESS");
});

test("joining without a pending reschedule sends no event", async () => {
  const { consultationId } = await clinical.scheduled(patient, doctor, 0);
  await clinical.join(consultationId, patient);
  expect(await outbox(consultationId)).toEqual([]);
});

test.each([
  ["to another time", 5],
  ["away and back", 0],
])("a waiting patient has to join again after the doctor rescheduled the booking %s", async (_, minutes) => {
  const made = await clinical.scheduled(patient, doctor, 10);
  await clinical.join(made.consultationId, patient);
  await clinical.deliver("scheduling", rescheduledBy(made, minutes));
  expect((await clinical.read(made.consultationId, patient)).status).toBe("SCHEDULED");
  const start = clinical.start(made.consultationId, doctor);
  await expect(start).rejects.toMatchObject({ reason: "PATIENT_NOT_JOINED" });
  await clinical.join(made.consultationId, patient);
  expect(await outbox(made.consultationId)).toEqual(["consultation.joined to scheduling"]);
});

test("a patient is not late for an old time or an unaccepted one", async () => {
  const made = await clinical.scheduled(patient, doctor, 0);
  await clinical.ready(made.consultationId, doctor);
  clinical.app.clock.advance(20 * MINUTE_MS);
  expect((await clinical.join(made.consultationId, patient)).lateParty).toBe("PATIENT");
  await clinical.deliver("scheduling", rescheduledBy(made, 20));
  expect((await clinical.read(made.consultationId, patient)).lateParty).toBeUndefined();
  await clinical.ready(made.consultationId, doctor);
  clinical.app.clock.advance(20 * MINUTE_MS);
  expect((await clinical.join(made.consultationId, patient)).lateParty).toBeUndefined();
  const miss = clinical.markNoShow(made.consultationId, doctor, "PATIENT");
  await expect(miss).rejects.toMatchObject({ reason: "ILLEGAL_TRANSITION" });
});

test("an acceptance that overtakes its reschedule also reschedules", async () => {
  const made = await clinical.scheduled(patient, doctor, 60);
  const rescheduled = rescheduledBy(made, 30);
  await clinical.deliver("scheduling", acceptanceOf(rescheduled));
  await clinical.deliver("scheduling", rescheduled);
  const { startTime, endTime } = rescheduled.state.value;
  expect(await clinical.read(made.consultationId, patient)).toMatchObject({ startTime, endTime });
  clinical.app.clock.advance(90 * MINUTE_MS);
  expect(await miss(made)).toBe("NO_SHOW");
});

test("a patient no-show is void if the booking was rescheduled to the same time without acceptance", async () => {
  const made = await clinical.scheduled(patient, doctor, 0);
  expect(await miss(made)).toBe("NO_SHOW");
  await clinical.deliver("scheduling", rescheduledBy(made, 0));
  expect(await clinical.read(made.consultationId, patient)).toMatchObject({
    status: "SCHEDULED",
    noShowParty: undefined,
    doctorReadyTime: undefined,
  });
});

test("a doctor no-show stays after a reschedule away and back", async () => {
  const made = await clinical.scheduled(patient, doctor, 0);
  clinical.app.clock.advance(20 * MINUTE_MS);
  const missed = await clinical.markNoShow(made.consultationId, doctor, "DOCTOR");
  await clinical.deliver("scheduling", rescheduledBy(made, 0));
  expect(await clinical.read(made.consultationId, doctor)).toEqual(missed);
});

test("a reschedule that overtakes the confirmation also needs the patient's acceptance", async () => {
  const made = clinical.booking(patient, doctor, 60);
  await clinical.deliver("scheduling", clinical.licensed(doctor), rescheduledBy(made, -60));
  expect(await miss(made)).toBe("MOVE_NOT_ACCEPTED");
});
