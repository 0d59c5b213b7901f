import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { countedFigures, migratedFigures } from "@medconnect/platform/testing/daily-figures.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type ClinicalTest, MINUTE_MS, startClinical } from "../testing/clinical-fixture.ts";
import { prescriptionsOn } from "../testing/prescriptions.ts";

const DAY_MS = 24 * 60 * MINUTE_MS;
const MIGRATION = join(import.meta.dirname, "../../migrations/0002_earlier_figures.sql");

let clinical: ClinicalTest;
beforeAll(async () => {
  clinical = await startClinical();
});
afterAll(() => clinical.app.close());

test("completions and prescriptions count once on their day, and the migration finds the same figures", async () => {
  const { app } = clinical;
  const [doctor, patient] = [userCaller("DOCTOR"), userCaller("PATIENT")];
  const { prescribe } = prescriptionsOn(clinical);
  const first = await clinical.completed(patient, doctor, "flu");
  await prescribe(first, doctor);
  const abandoned = await clinical.started(patient, doctor);
  await clinical.abandon(abandoned, doctor, "The line broke");

  app.clock.advance(DAY_MS);
  const second = await clinical.started(patient, doctor);
  await clinical.complete(second, doctor, "cold");
  await clinical.complete(second, doctor, "cold");
  const closed = await clinical.scheduled(patient, doctor, 0);
  await clinical.deliver("scheduling", closed.closedAs("COMPLETED"));
  await prescribe(first, doctor);
  await prescribe(second, doctor);

  const counted = await countedFigures(app.db);
  expect(counted).toEqual([
    "2030-01-01 CONSULTATIONS_COMPLETED 1",
    "2030-01-01 PRESCRIPTIONS_ISSUED 1",
    "2030-01-02 CONSULTATIONS_COMPLETED 2",
    "2030-01-02 PRESCRIPTIONS_ISSUED 2",
  ]);
  expect(await migratedFigures(app.db, MIGRATION)).toEqual(counted);
});
