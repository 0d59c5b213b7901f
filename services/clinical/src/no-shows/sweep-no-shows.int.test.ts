import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { sweepNoShows } from "./sweep-no-shows.ts";

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

test("a patient who waits until the end makes it a doctor no-show, once for concurrent sweeps", async () => {
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
  // If the patient never joined, the sweep ends the consultation only two hours after its end time.
  expect((await clinical.read(neverJoined.consultationId, patient)).status).toBe("SCHEDULED");
  expect(await clinical.deliveries(waited.consultationId)).toEqual(["consultation.no_show to scheduling"]);
});

test("a patient who joins a ready doctor in the last second causes a no-show of both, not of the doctor", async () => {
  const late = await book(0);
  await clinical.ready(late.consultationId, doctor);
  clinical.app.clock.advance(30 * MINUTE_MS - 1000);
  expect(await clinical.join(late.consultationId, patient)).toMatchObject({
    status: "WAITING",
    lateParty: "PATIENT",
  });
  clinical.app.clock.advance(1000 + 120 * MINUTE_MS - 1);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(late.consultationId, patient)).status).toBe("WAITING");
  clinical.app.clock.advance(1);
  await sweepNoShows(clinical.app)();
  expect(await clinical.read(late.consultationId, patient)).toMatchObject({
    status: "NO_SHOW",
    noShowParty: "BOTH",
  });
});

test("an unattended consultation closes itself although its doctor has lost the licence", async () => {
  const { consultationId } = await book(0);
  clinical.app.clock.advance(MINUTE_MS);
  await clinical.deliver("scheduling", clinical.licensed(doctor, "", 2));
  clinical.app.clock.advance(3 * HOUR_MS);
  await sweepNoShows(clinical.app)();
  expect(await clinical.read(consultationId, patient)).toMatchObject({
    status: "NO_SHOW",
    noShowParty: "BOTH",
  });
  expect(await clinical.deliveries(consultationId)).toContain("consultation.no_show to scheduling");
});

test("an unattended consultation becomes a no-show of both two hours after its end", async () => {
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
    expect((await clinical.deliveries(id)).sort()).toEqual(["consultation.no_show to scheduling"]);
    for (const { event } of await clinical.outbox(id)) {
      expect(stateOf(event, "consultation")).toMatchObject({ noShowParty: "BOTH" });
    }
  }
  expect((await clinical.read(met.consultationId, patient)).status).toBe("IN_PROGRESS");
});

test("a consultation that cannot be closed does not delay others", async () => {
  const [first, second] = [await book(0), await book(0)];
  for (const { consultationId } of [first, second]) await clinical.join(consultationId, patient);
  clinical.app.clock.advance(30 * MINUTE_MS);
  // With this version, a change of the first consultation fails, because the next version exceeds the
  // column's maximum.
  await clinical.app.db.write("UPDATE consultations SET version = 4294967295 WHERE id = ?", [
    binaryId(first.consultationId),
  ]);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(first.consultationId, patient)).status).toBe("WAITING");
  expect((await clinical.read(second.consultationId, patient)).status).toBe("NO_SHOW");
  await clinical.app.db.write("UPDATE consultations SET version = 3 WHERE id = ?", [
    binaryId(first.consultationId),
  ]);
  await sweepNoShows(clinical.app)();
  expect((await clinical.read(first.consultationId, patient)).status).toBe("NO_SHOW");
});

test("the sweep ends when its process stops", async () => {
  await expect(sweepNoShows(clinical.app)(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
});
