import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids.ts";
import { invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  ConsultationServiceService,
  ListConsultationsRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing.ts";
import { getConsultationStats } from "./consultation-stats.ts";
import { joinConsultation } from "./join-consultation.ts";
import { listConsultations } from "./read-consultations.ts";
import { sweepNoShows } from "./sweep-no-shows.ts";

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

/** A consultation of our patient and doctor. @returns its booking's events */
const book = async (startMinutes: number) => {
  const booking = clinical.booking(patient, doctor, startMinutes);
  expect(await clinical.deliver("scheduling", booking.confirmed)).toEqual([]);
  return booking;
};

const actions = async (consultationId: string) =>
  (await clinical.trail(`consultations/${consultationId}`)).map(({ action }) => action);

/** What was told of a consultation, as "type to service". */
const told = async (consultationId: string) =>
  (await clinical.told(consultationId))
    .map(({ event, destination }) => `${event.type} to ${destination}`)
    .sort();

test("a confirmed booking makes the consultation that it names, with the names that auth told", async () => {
  const user = (userId: string, fullName: string, role: string) => ({
    type: "user.created",
    aggregateId: userId,
    version: 1,
    user: { fullName, role },
  });
  await clinical.deliver(
    "auth",
    user(patient.userId, "Ann", "PATIENT"),
    user(doctor.userId, "Dr. Bo", "DOCTOR"),
  );
  const { consultationId, bookingId, confirmed } = await book(60);
  expect(await clinical.trail(`consultations/${consultationId}`)).toEqual([
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
    startTime: confirmed.booking.startTime,
    endTime: confirmed.booking.endTime,
    startedTime: undefined,
    endedTime: undefined,
    notes: "",
    noShowParty: undefined,
    addenda: [],
    etag: "0001",
  });
});

test("a batch of events, some twice and some old, makes each consultation once", async () => {
  const bookings = Array.from({ length: 50 }, () => clinical.booking(patient, doctor, 60));
  const confirmed = bookings.map((booking) => booking.confirmed);
  expect(await clinical.deliver("scheduling", ...confirmed, confirmed[0]!)).toEqual([]);
  expect(await clinical.deliver("scheduling", ...confirmed)).toEqual([]);
  for (const { consultationId } of bookings) {
    expect(await actions(consultationId)).toEqual(["consultation.create"]);
  }
});

test("only scheduling may tell of bookings", async () => {
  const { confirmed } = clinical.booking(patient, doctor, 60);
  await expect(clinical.deliver("billing", confirmed)).rejects.toMatchObject({ reason: "PERMISSION_DENIED" });
});

test("one event that cannot be applied holds up no other", async () => {
  const good = clinical.booking(patient, doctor, 60);
  const bad = { type: "booking.confirmed", aggregateId: newId(), version: 2 };
  expect(await clinical.deliver("scheduling", bad, good.confirmed)).toEqual(["INTERNAL"]);
  expect((await clinical.read(good.consultationId, patient)).status).toBe("SCHEDULED");
});

test("patient and doctor meet: joined, started, completed, and the others are told", async () => {
  const { consultationId, bookingId, paymentId, confirmed } = await book(10);
  expect((await clinical.join(consultationId, patient)).status).toBe("WAITING");
  clinical.app.clock.advance(5 * MINUTE_MS);
  const startedTime = clinical.app.clock.now();
  expect(await clinical.start(consultationId, doctor)).toMatchObject({ status: "IN_PROGRESS", startedTime });
  clinical.app.clock.advance(20 * MINUTE_MS);
  const endedTime = clinical.app.clock.now();
  const completed = await clinical.complete(consultationId, doctor, "flu; rest");
  expect(completed).toMatchObject({ status: "COMPLETED", startedTime, endedTime, notes: "flu; rest" });
  expect(await clinical.read(consultationId, patient)).toEqual(completed);

  const events = await clinical.told(consultationId);
  expect(events.map(({ event, destination }) => [event.type, destination, event.version])).toEqual([
    ["consultation.started", "scheduling", 3],
    ["consultation.completed", "scheduling", 4],
    ["consultation.completed", "billing", 4],
  ]);
  const { startTime, endTime } = confirmed.booking;
  const told = { bookingId, paymentId, noShowParty: "PARTY_UNSPECIFIED", startTime, endTime };
  expect(events[0]!.event.consultation).toEqual(told);
});

test("a repeated transition answers the same, is told once, and is a read of what the answer shows", async () => {
  const { consultationId } = await book(0);
  const answers = [
    await clinical.start(consultationId, doctor),
    await clinical.start(consultationId, doctor),
    await clinical.complete(consultationId, doctor, "flu"),
    await clinical.complete(consultationId, doctor, "flu"),
  ];
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[3]).toEqual(answers[2]);
  expect(await actions(consultationId)).toEqual([
    "consultation.create",
    "consultation.start",
    "consultation.get",
    "consultation.complete",
    "consultation.get",
  ]);
  expect((await clinical.trail(`consultations/${consultationId}`)).at(-1)).toEqual({
    action: "consultation.get",
    actorId: doctor.userId,
    subjectIds: [patient.userId],
  });
  const events = await clinical.told(consultationId);
  expect(events.map(({ event, destination }) => `${event.type} to ${destination}`)).toEqual([
    "consultation.started to scheduling",
    "consultation.completed to scheduling",
    "consultation.completed to billing",
  ]);
});

test("the notes of a completed consultation are locked", async () => {
  const { consultationId } = await book(0);
  await clinical.start(consultationId, doctor);
  await clinical.complete(consultationId, doctor, "flu");
  const other = clinical.complete(consultationId, doctor, "cold");
  await expect(other).rejects.toMatchObject({ reason: "NOTES_LOCKED" });
  expect((await clinical.read(consultationId, doctor)).notes).toBe("flu");
});

test("many starts at once are one start", async () => {
  const { consultationId } = await book(0);
  const answers = await Promise.all(Array.from({ length: 20 }, () => clinical.start(consultationId, doctor)));
  expect(new Set(answers.map(({ etag }) => etag))).toEqual(new Set(["0002"]));
  expect(await told(consultationId)).toEqual(["consultation.started to scheduling"]);
});

test("of a start and a cancellation at once both end in the same place", async () => {
  for (let round = 0; round < 10; round++) {
    const { consultationId, cancelled } = await book(0);
    const [start] = await Promise.allSettled([
      clinical.start(consultationId, doctor),
      clinical.deliver("scheduling", cancelled),
    ]);
    const { status } = await clinical.read(consultationId, doctor);
    expect(status).toBe(start.status === "fulfilled" ? "ABANDONED" : "CANCELLED");
  }
});

test("an idempotency key gives the first answer again", async () => {
  const { consultationId } = await book(0);
  const request = { consultationId, idempotencyKey: newId() };
  const join = () =>
    invoke(ConsultationServiceService.joinConsultation, joinConsultation(clinical.app), patient, request);
  const first = await join();
  await clinical.start(consultationId, doctor);
  expect(await join()).toEqual({ response: first.response, replayed: true });
});

test("others cannot tell that a consultation exists", async () => {
  const { consultationId } = await book(0);
  const hidden = { reason: "NOT_FOUND", isDenial: true };
  const otherDoctor = userCaller("DOCTOR");
  for (const other of [userCaller("PATIENT"), otherDoctor]) {
    await expect(clinical.read(consultationId, other)).rejects.toMatchObject(hidden);
  }
  await expect(clinical.join(consultationId, userCaller("PATIENT"))).rejects.toMatchObject(hidden);
  await expect(clinical.start(consultationId, otherDoctor)).rejects.toMatchObject(hidden);
  await expect(clinical.complete(consultationId, otherDoctor, "x")).rejects.toMatchObject(hidden);
  await expect(clinical.read(newId(), patient)).rejects.toMatchObject({
    reason: "NOT_FOUND",
    isDenial: false,
  });
});

test("the cancellation of its booking cancels a consultation, and tells nobody", async () => {
  const { consultationId, cancelled } = await book(60);
  expect(await clinical.deliver("scheduling", cancelled)).toEqual([]);
  expect(await clinical.read(consultationId, patient)).toMatchObject({
    status: "CANCELLED",
    endedTime: undefined,
  });
  expect(await told(consultationId)).toEqual([]);
  expect(await actions(consultationId)).toEqual([
    "consultation.create",
    "consultation.cancel",
    "consultation.get",
  ]);
});

test("the cancellation of its booking wins over a consultation that has just begun", async () => {
  const { consultationId, cancelled } = await book(10);
  await clinical.start(consultationId, doctor);
  await clinical.deliver("scheduling", cancelled);
  const endedTime = clinical.app.clock.now();
  expect(await clinical.read(consultationId, patient)).toMatchObject({ status: "ABANDONED", endedTime });
  expect(await told(consultationId)).toEqual(["consultation.started to scheduling"]);
});

test.each([
  ["waits for its time", false],
  ["has its patient in the waiting room", true],
])("a consultation that %s takes place at the time its booking is moved to", async (_, isWaiting) => {
  const booking = await book(10);
  if (isWaiting) await clinical.join(booking.consultationId, patient);
  const later = clinical.movedBy(booking.confirmed, 24 * 60);
  expect(await clinical.deliver("scheduling", later)).toEqual([]);
  expect(await clinical.read(booking.consultationId, patient)).toMatchObject({
    status: "SCHEDULED",
    startTime: later.booking.startTime,
    endTime: later.booking.endTime,
  });
});

test.each(["PATIENT", "DOCTOR"] as const)(
  "a consultation that the %s missed takes place where its booking had been moved, once that is heard of",
  async (party) => {
    const { consultationId, confirmed } = await book(-20);
    await clinical.markNoShow(consultationId, doctor, party);
    const later = clinical.movedBy(confirmed, 24 * 60);
    expect(await clinical.deliver("scheduling", later)).toEqual([]);
    const { startTime, endTime } = later.booking;
    expect(await clinical.read(consultationId, patient)).toMatchObject({
      status: "SCHEDULED",
      noShowParty: undefined,
      startTime,
      endTime,
    });
    clinical.app.clock.advance(24 * 60 * MINUTE_MS);
    await clinical.start(consultationId, doctor);
    expect((await clinical.complete(consultationId, doctor, "flu")).status).toBe("COMPLETED");
  },
);

test("a consultation that was missed stays so where its booking was moved away and back", async () => {
  const { consultationId, confirmed } = await book(-20);
  const missed = await clinical.markNoShow(consultationId, doctor, "PATIENT");
  await clinical.deliver("scheduling", clinical.movedBy(confirmed, 0));
  expect(await clinical.read(consultationId, doctor)).toEqual(missed);
});

test("a booking that was moved before its confirmation was heard of makes its consultation all the same", async () => {
  const { consultationId, confirmed } = clinical.booking(patient, doctor, 60);
  const moved = clinical.movedBy(confirmed, 60);
  await clinical.deliver("scheduling", moved);
  await clinical.deliver("scheduling", confirmed);
  expect((await clinical.read(consultationId, patient)).startTime).toEqual(moved.booking.startTime);
});

test("a consultation that has begun is not moved", async () => {
  const { consultationId, confirmed } = await book(10);
  const begun = await clinical.start(consultationId, doctor);
  await clinical.deliver("scheduling", clinical.movedBy(confirmed, 60));
  expect((await clinical.read(consultationId, patient)).startTime).toEqual(begun.startTime);
  await clinical.complete(consultationId, doctor, "flu");
  const ended = (await clinical.told(consultationId)).at(-1)!.event;
  // By this scheduling knows that it was not when its booking says.
  expect(ended.consultation).toMatchObject({ startTime: begun.startTime, endTime: begun.endTime });
});

test("the cancellation of its booking leaves a consultation alone that has ended", async () => {
  const { consultationId, cancelled } = await book(0);
  await clinical.start(consultationId, doctor);
  const completed = await clinical.complete(consultationId, doctor, "flu");
  expect(await clinical.deliver("scheduling", cancelled)).toEqual([]);
  expect(await clinical.read(consultationId, doctor)).toEqual(completed);
});

test("a booking that is cancelled before it was heard of makes no consultation, also not afterwards", async () => {
  const { consultationId, cancelled, confirmed } = clinical.booking(patient, doctor, 60);
  expect(await clinical.deliver("scheduling", cancelled)).toEqual([]);
  expect(await clinical.deliver("scheduling", confirmed)).toEqual([]);
  await expect(clinical.read(consultationId, patient)).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("a doctor marks who did not come, and breaks off what has begun", async () => {
  const missed = await book(-20);
  const noShow = await clinical.markNoShow(missed.consultationId, doctor, "PATIENT");
  expect(noShow).toMatchObject({ status: "NO_SHOW", noShowParty: "PATIENT" });
  const [news] = await clinical.told(missed.consultationId);
  expect(news!.event).toMatchObject({
    type: "consultation.no_show",
    consultation: { noShowParty: "PATIENT" },
  });

  const broken = await book(0);
  await clinical.start(broken.consultationId, doctor);
  expect((await clinical.abandon(broken.consultationId, doctor, "no sound")).status).toBe("ABANDONED");
});

test("a patient who waited until the end was let down by the doctor: closed once, however many sweep", async () => {
  const waited = await book(0);
  const neverJoined = await book(0);
  await clinical.join(waited.consultationId, patient);
  clinical.app.clock.advance(30 * MINUTE_MS - 1);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(waited.consultationId, patient)).status).toBe("WAITING");

  clinical.app.clock.advance(1);
  await Promise.all([sweepNoShows(clinical.app)(), sweepNoShows(clinical.app)()]);
  await sweepNoShows(clinical.app)();
  const closed = { status: "NO_SHOW", noShowParty: "DOCTOR" };
  expect(await clinical.read(waited.consultationId, patient)).toMatchObject(closed);
  expect((await clinical.read(neverJoined.consultationId, patient)).status).toBe("SCHEDULED");
  expect(await told(waited.consultationId)).toEqual([
    "consultation.no_show to billing",
    "consultation.no_show to scheduling",
  ]);
});

test("one consultation that cannot be closed holds up no other", async () => {
  const [first, second] = [await book(0), await book(0)];
  for (const { consultationId } of [first, second]) await clinical.join(consultationId, patient);
  clinical.app.clock.advance(30 * MINUTE_MS);
  // Its next version does not fit.
  await clinical.app.db.write("UPDATE consultations SET version = 4294967295 WHERE id = ?", [
    first.consultationId,
  ]);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(first.consultationId, patient)).status).toBe("WAITING");
  expect((await clinical.read(second.consultationId, patient)).status).toBe("NO_SHOW");
  await clinical.app.db.write("UPDATE consultations SET version = 3 WHERE id = ?", [first.consultationId]);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(first.consultationId, patient)).status).toBe("NO_SHOW");
});

test("notes and reasons lie encrypted in the database, each bound to its place", async () => {
  const { consultationId } = await book(0);
  await clinical.start(consultationId, doctor);
  await clinical.complete(consultationId, doctor, "a canary");
  const abandoned = (await book(0)).consultationId;
  await clinical.start(abandoned, doctor);
  await clinical.abandon(abandoned, doctor, "a canary");
  const rows = await clinical.app.db.read<{ notes: Buffer | null; abandon_reason: Buffer | null }>(
    "SELECT notes, abandon_reason FROM consultations WHERE id IN (?, ?)",
    [consultationId, abandoned],
  );
  for (const { notes, abandon_reason } of rows) {
    const sealed = notes ?? abandon_reason;
    expect(sealed!.length).toBeGreaterThan(0);
    expect(sealed!.includes("canary")).toBe(false);
  }
  await clinical.app.db.write("UPDATE consultations SET notes = abandon_reason WHERE id = ?", [abandoned]);
  await expect(clinical.read(abandoned, doctor)).rejects.toThrow();
});

const list = async (by: Caller, request: Partial<ListConsultationsRequest>) =>
  (
    await invoke(
      ConsultationServiceService.listConsultations,
      listConsultations(clinical.app),
      by,
      ListConsultationsRequest.fromPartial(request),
    )
  ).response;

test("consultations are listed page by page, latest first, each once, and each reading audited", async () => {
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
  expect((await clinical.trail(`consultations/${ids[0]}`)).at(-1)).toEqual({
    action: "consultation.list",
    actorId: patient.userId,
    subjectIds: [patient.userId],
  });
});

test("a page token is good for its own list only", async () => {
  for (let i = 0; i < 2; i++) await book(60);
  const { nextPageToken: pageToken } = await list(patient, { pageSize: 1 });
  const wrong = { reason: "INVALID_PAGE_TOKEN" };
  await expect(list(patient, { pageToken, status: "WAITING" })).rejects.toMatchObject(wrong);
  await expect(list(doctor, { pageToken })).rejects.toMatchObject(wrong);
});

test("a list can be narrowed by status and time, and shows nothing of others", async () => {
  const early = await book(5);
  const late = await book(120);
  await clinical.join(early.consultationId, patient);
  const ids = async (by: Caller, request: Partial<ListConsultationsRequest>) =>
    (await list(by, request)).consultations.map(({ id }) => id);
  const { startTime } = late.confirmed.booking;
  expect(await ids(doctor, { status: "WAITING" })).toEqual([early.consultationId]);
  expect(await ids(doctor, { startTime })).toEqual([late.consultationId]);
  expect(await ids(doctor, { endTime: startTime })).toEqual([early.consultationId]);
  expect(await ids(userCaller("DOCTOR"), {})).toEqual([]);
  expect(await ids(userCaller("PATIENT"), {})).toEqual([]);
});

test("the figures count consultations by status, and those completed by day", async () => {
  const figures = () => getConsultationStats(clinical.app)();
  const today = clinical.app.clock.now().toISOString().slice(0, 10);
  const before = await figures();
  const { consultationId } = await book(0);
  await clinical.start(consultationId, doctor);
  await clinical.complete(consultationId, doctor, "flu");
  const after = await figures();
  const { COMPLETED: was = 0 } = before.consultationsByStatus;
  expect(after.consultationsByStatus.COMPLETED).toBe(was + 1);
  expect(after.completedByDay[today]).toBe((before.completedByDay[today] ?? 0) + 1);
  expect(Object.keys(after.completedByDay)).toHaveLength(7);
});
