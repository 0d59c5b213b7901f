import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { countedFigures, migratedFigures } from "@medconnect/platform/testing/daily-figures.ts";
import { startTestAuth, type TestAuth } from "../testing/test-auth.ts";

const DAY_MS = 86_400_000;
const MIGRATION = join(import.meta.dirname, "../../migrations/0003_earlier_figures.sql");

let auth: TestAuth;
beforeAll(async () => {
  auth = await startTestAuth();
});
afterAll(() => auth.close());

test("each account counts once on its day, and the migration finds the same figures", async () => {
  await auth.makeUser("DOCTOR");
  await auth.makeUser();
  auth.clock.advance(DAY_MS);
  await auth.makeUser();
  await auth.makeUser();
  await auth.signInAdmin();
  const { db } = auth.app;
  const counted = await countedFigures(db);
  expect(counted).toEqual([
    "2030-01-01 REGISTRATIONS DOCTOR 1",
    "2030-01-01 REGISTRATIONS PATIENT 1",
    "2030-01-02 REGISTRATIONS ADMIN 1",
    "2030-01-02 REGISTRATIONS PATIENT 2",
  ]);
  expect(await migratedFigures(db, MIGRATION)).toEqual(counted);
});
