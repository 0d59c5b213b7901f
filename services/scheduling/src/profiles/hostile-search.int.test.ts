import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Database } from "@medconnect/platform/db/database.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { changesOn } from "@medconnect/platform/testing/changes-on.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  DoctorServiceService,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { eventually } from "@medconnect/test/support/eventually.ts";
import { addFindableDoctors, HOSTILE_QUERIES } from "@medconnect/test/support/hostile-search.ts";
import { createConnection } from "mysql2/promise";
import type { Scheduling } from "../app.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { searchDoctors } from "./search-doctors.ts";

const DOCTORS = 2000;
const SEARCHES = 200;
const BOOKINGS = 20;

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
  await fixture.createDoctor(0);
  await addFindableDoctors((sql, rows) => fixture.app.db.write(sql, [rows]), DOCTORS);
}, 120_000);
afterAll(() => fixture.close());

async function schemaUrl(): Promise<string> {
  const [schema] = await fixture.app.db.read<{ name: string }>("SELECT DATABASE() AS name");
  const url = new URL(process.env.MYSQL_URL!);
  url.pathname = `/${schema!.name}`;
  return url.href;
}

/** Creates a scheduling app with a pool of the default size, whose statements time out after `timeoutMs`. */
async function appWith(timeoutMs: number): Promise<{ app: Scheduling; db: Database }> {
  const db = new Database({ url: await schemaUrl(), poolSize: 16, timeoutMs });
  return { app: { ...fixture.app, db, ...changesOn(fixture.app, { db }) }, db };
}

const searchAll = (app: Scheduling) =>
  Promise.allSettled(
    Array.from({ length: SEARCHES }, (_, i) => {
      const query = HOSTILE_QUERIES[i % HOSTILE_QUERIES.length]!;
      const request = SearchDoctorsRequest.fromPartial({ query, pageSize: 100 });
      const { searchDoctors: method } = DoctorServiceService;
      return invoke(method, bound(searchDoctors, app), userCaller("PATIENT"), request);
    }),
  );

/** Number of searches that run or wait for a lock in MySQL. */
async function searchesInMysql(): Promise<number> {
  const rows = await fixture.app.db.read(
    `SELECT 1 FROM information_schema.PROCESSLIST
     WHERE db = DATABASE() AND info LIKE '%doctor_words%' AND info NOT LIKE '%PROCESSLIST%'`,
  );
  return rows.length;
}

test("200 concurrent hostile searches are answered or refused, and leave no statement running", async () => {
  const { app, db } = await appWith(400);
  for (const result of await searchAll(app)) {
    if (result.status === "rejected") expect(result.reason).toMatchObject({ reason: "UNAVAILABLE" });
  }
  await eventually(searchesInMysql, (count) => count === 0);
  await db.close();
});

test("one search at a time reaches the database, and bookings continue while it hangs there", async () => {
  const { app, db } = await appWith(60_000);
  const slots = [];
  for (let i = 0; i < BOOKINGS; i++) slots.push(await fixture.createSlot(60 + 30 * i));
  const lock = await createConnection(await schemaUrl());
  await lock.query("LOCK TABLES doctor_words WRITE");
  const searches = searchAll(app);
  try {
    await eventually(searchesInMysql, (count) => count > 0);
    for (const { id } of slots) {
      await fixture.book(id, userCaller("PATIENT"), newId(), app);
      expect(await searchesInMysql()).toBe(1);
    }
  } finally {
    await lock.end();
    await searches;
    await db.close();
  }
  for (const result of await searches) expect(result.status).toBe("fulfilled");
});
