import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  DoctorServiceService,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { refreshIndex } from "../search-index/refresh-index.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { searchDoctors } from "./search-doctors.ts";

let fixture: SchedulingFixture;
beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());

/** Creates the profile of a new doctor. @returns the doctor's id */
async function publishAs(fullName: string, specialty = "cardiology", bio = ""): Promise<string> {
  fixture.renewPeople();
  await fixture.accountEvent(fixture.doctor, { fullName });
  await fixture.createDoctor(0, { specialty, bio });
  return fixture.doctor.userId;
}

async function page(request: Partial<SearchDoctorsRequest>) {
  const asked = SearchDoctorsRequest.fromPartial(request);
  const { searchDoctors: method } = DoctorServiceService;
  return (await invoke(method, bound(searchDoctors, fixture.app), userCaller("PATIENT"), asked)).response;
}

const idsOf = async (request: Partial<SearchDoctorsRequest>) =>
  (await page(request)).doctors.map(({ id }) => id);

test("finds by name, specialty and bio in any case, with accents and special letters", async () => {
  const id = await publishAs("İbrahim Groß", "Öffentliche Gesundheit", "In der Straße am Ærø");
  for (const query of ["ibrahim", "GROSS", "straße", "STRASSE", "aero ibrahim", "offentl gesund", "i g o"])
    expect(await idsOf({ query })).toContain(id);
  expect(await idsOf({ query: "ibrahim cardio" })).not.toContain(id);
  expect(await idsOf({ specialty: "offentliche GESUNDHEIT" })).toEqual([id]);
  expect(await idsOf({ specialty: "Öffentliche" })).toEqual([]);
});

test("pages through the longest possible names in order, with short tokens", async () => {
  const names = Array.from({ length: 5 }, (_, i) => `${"𠀀".repeat(199)}${i % 2}`);
  const ids: string[] = [];
  for (const name of names) ids.push(await publishAs(name));
  const found: string[] = [];
  let pageToken = "";
  do {
    const { doctors, nextPageToken } = await page({ query: "𠀀", pageSize: 2, pageToken });
    found.push(...doctors.map(({ id }) => id));
    expect(nextPageToken.length).toBeLessThanOrEqual(512);
    pageToken = nextPageToken;
  } while (pageToken !== "");
  expect(found.toSorted()).toEqual(ids.toSorted());
});

test("orders by name, and ignores case and accents", async () => {
  const names = ["Zoe Order", "ángel Order", "Bea Order", "Øre Order"];
  for (const name of names) await publishAs(name);
  const { doctors } = await page({ query: "order" });
  expect(doctors.map(({ displayName }) => displayName)).toEqual([
    "ángel Order",
    "Bea Order",
    "Øre Order",
    "Zoe Order",
  ]);
});

test("the job rebuilds every kind of stale index", async () => {
  const id = await publishAs("Stella Stale");
  await fixture.app.db.write("UPDATE doctors SET display_name = 'Renata Stale' WHERE id = ?", [binaryId(id)]);
  await fixture.app.db.write("DELETE FROM doctor_words WHERE doctor_id = ? AND word = 'stale'", [
    binaryId(id),
  ]);
  await refreshIndex(fixture.app)();
  expect(await idsOf({ query: "renata stale" })).toEqual([id]);
  expect(await idsOf({ query: "stella" })).toEqual([]);
  expect(await fixture.app.db.read("SELECT 1 FROM doctors WHERE is_index_stale")).toEqual([]);
});

test("the plan of a search is the same for one word and for eight", async () => {
  const plans: unknown[] = [];
  const explaining = Object.create(fixture.app.db, {
    scan: {
      value: async (sql: string, params: never[]) => {
        const rows = await fixture.app.db.scan(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, params);
        plans.push((rows as Record<string, unknown>[]).map(({ table, key }) => ({ table, key })));
        return [];
      },
    },
  });
  for (const query of ["stella", "a b c d e f g h"]) {
    const request = SearchDoctorsRequest.fromPartial({ query });
    const handler = bound(searchDoctors, { ...fixture.app, db: explaining });
    await invoke(DoctorServiceService.searchDoctors, handler, userCaller("PATIENT"), request);
  }
  expect(plans[0]).toEqual(plans[1]);
  expect(plans[0]).toContainEqual({ table: "w", key: "doctor_words_by_word" });
});
