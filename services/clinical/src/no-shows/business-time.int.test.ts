import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { sweepNoShows } from "./sweep-no-shows.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;

let clinical: ClinicalTest;
const [doctor, patient, admin] = [userCaller("DOCTOR"), userCaller("PATIENT"), userCaller("ADMIN")];

beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

test("a consultation of tomorrow opens by business time, and its no-show is recorded by it", async () => {
  const { consultationId } = await clinical.scheduled(patient, doctor, 24 * 60);
  await expect(clinical.join(consultationId, patient)).rejects.toMatchObject({ reason: "TOO_EARLY" });
  clinical.app.businessClock.advance(DAY_MS);
  expect(await clinical.join(consultationId, patient)).toMatchObject({ status: "WAITING" });
  clinical.app.businessClock.advance(30 * MINUTE_MS);
  await sweepNoShows(clinical.app)();
  expect(await clinical.read(consultationId, patient)).toMatchObject({
    status: "NO_SHOW",
    noShowParty: "DOCTOR",
  });
});

test("a grant from the future of machine time is refused, although business time is past it", async () => {
  clinical.app.businessClock.advance(DAY_MS);
  const occurTime = new Date(clinical.app.clock.now().getTime() + 60 * MINUTE_MS);
  const endTime = new Date(occurTime.getTime() + 30 * MINUTE_MS);
  const failures = await clinical.deliver("auth", {
    type: "break_glass.granted",
    aggregateId: crypto.randomUUID(),
    version: 1,
    occurTime,
    state: {
      $case: "breakGlass",
      value: { adminId: admin.userId, patientId: patient.userId, endTime },
    },
  });
  expect(failures).toEqual(["INVALID_REQUEST"]);
});

test("a break-glass grant begins and ends by machine time", async () => {
  const { consultationId } = await clinical.scheduled(patient, doctor, 3 * 24 * 60);
  const endTime = new Date(clinical.app.clock.now().getTime() + 30 * MINUTE_MS);
  const grant = { adminId: admin.userId, patientId: patient.userId, endTime };
  await clinical.deliver("auth", {
    type: "break_glass.granted",
    aggregateId: crypto.randomUUID(),
    version: 1,
    state: { $case: "breakGlass", value: grant },
  });
  clinical.app.businessClock.advance(DAY_MS);
  await clinical.read(consultationId, admin);
  clinical.app.clock.advance(30 * MINUTE_MS);
  await expect(clinical.read(consultationId, admin)).rejects.toMatchObject({
    reason: "BREAK_GLASS_REQUIRED",
  });
});
