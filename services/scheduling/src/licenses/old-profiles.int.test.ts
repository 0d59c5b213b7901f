import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { migrate } from "@medconnect/platform/db/migrate.ts";
import { invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  LicenseServiceService,
  ListLicensesRequest,
  RejectLicenseRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { createConnection } from "mysql2/promise";
import { Desk } from "../testing.ts";
import { rejectLicense } from "./decide-license.ts";
import { getLicense, listLicenses } from "./read-licenses.ts";

const MIGRATIONS = join(import.meta.dirname, "../../migrations");
const schema = `test_old_${randomUUID().slice(0, 8)}`;

const PROFILE_COLUMNS = `id, display_name, license_number, license_region, specialty, bio, languages, time_zone, fee_minor,
  verification, hidden, version, create_time`;
const LICENSE_COLUMNS = "id, doctor_id, number, region, expire_date, status, create_time";

/** Profiles of the release before licences, in the order of their creation. */
const PROFILES = {
  usual: ["D-4711", "US-CA"],
  "in lower case": ["d-4712", "us-nv"],
  "spelt differently": ["D4711", "US-CA"],
  "in a territory": ["T-1", "us-pr"],
  "with a region in free text": ["F-1", "California"],
  "without a number": ["", "US-CA"],
} as const;
const doctors = Object.keys(PROFILES).map((kind) => ({ kind, user: userCaller("DOCTOR") }));
const doctorOf = (kind: keyof typeof PROFILES) => doctors.find((each) => each.kind === kind)!.user;

let desk: Desk;

/** Creates the old schema with the profiles, migrates it, and copies the result to a service's schema. */
beforeAll(async () => {
  desk = await Desk.open();
  const url = process.env.MYSQL_URL!;
  const old = await mkdtemp(join(tmpdir(), "medconnect-migrations-"));
  const db = await createConnection(url);
  try {
    for (const name of await readdir(MIGRATIONS)) {
      if (name < "0003") await copyFile(join(MIGRATIONS, name), join(old, name));
    }
    await db.query("CREATE DATABASE ??", [schema]);
    await migrate({ url, schema, directory: old });
    for (const [i, { kind, user }] of doctors.entries()) {
      const [number, region] = PROFILES[kind as keyof typeof PROFILES];
      await db.query(
        `INSERT INTO ??.doctors (${PROFILE_COLUMNS})
         VALUES (?, 'Old Doctor', ?, ?, 'cardiology', '', '[]', 'UTC', 0, 'PENDING', FALSE, 1, ?)`,
        [schema, user.userId, number, region, new Date(Date.UTC(2029, 0, 1 + Math.floor(i / 2)))],
      );
    }
    await migrate({ url, schema, directory: MIGRATIONS });
    const [own] = await desk.app.db.read<{ name: string }>("SELECT DATABASE() AS name");
    for (const [table, columns] of [
      ["doctors", PROFILE_COLUMNS],
      ["licenses", LICENSE_COLUMNS],
    ] as const) {
      await db.query(`INSERT INTO ??.?? (${columns}) SELECT ${columns} FROM ??.??`, [
        own!.name,
        table,
        schema,
        table,
      ]);
    }
  } finally {
    await db.query("DROP DATABASE IF EXISTS ??", [schema]);
    await db.end();
    await rm(old, { recursive: true });
  }
});
afterAll(() => desk.close());

const list = async (filter: Parameters<typeof ListLicensesRequest.fromPartial>[0]) => {
  const { listLicenses: method } = LicenseServiceService;
  const request = ListLicensesRequest.fromPartial(filter);
  return (await invoke(method, listLicenses(desk.app), desk.admin, request)).response;
};
const claimOf = async (kind: keyof typeof PROFILES) => {
  const { licenses } = await list({ doctorId: doctorOf(kind).userId });
  return licenses[0];
};

test("each profile with a number becomes one pending claim, and no other does", async () => {
  const seen: unknown[] = [];
  for (const kind of Object.keys(PROFILES) as (keyof typeof PROFILES)[]) {
    const { licenses } = await list({ doctorId: doctorOf(kind).userId });
    seen.push([kind, ...licenses.map(({ number, region, status }) => `${number} ${region} ${status}`)]);
  }
  expect(seen).toEqual([
    ["usual", "D-4711 US-CA PENDING"],
    ["in lower case", "d-4712 US-NV PENDING"],
    ["spelt differently", "D4711 US-CA PENDING"],
    ["in a territory", "T-1 PR PENDING"],
    ["with a region in free text", "F-1 CALIFORNIA PENDING"],
    ["without a number"],
  ]);
});

test("their ids are ids for the API, and lists page over them, oldest first", async () => {
  const ids: string[] = [];
  let pageToken = "";
  do {
    const page = await list({ pageSize: 1, pageToken });
    ids.push(...page.licenses.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  const { licenses } = await list({ pageSize: 100 });
  expect(ids).toEqual(licenses.map(({ id }) => id));
  expect(new Set(ids).size).toBe(5);
  const times = licenses.map(({ createTime }) => createTime!.getTime());
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  for (const { id: licenseId, doctorId } of licenses) {
    const { user } = doctors.find((each) => each.user.userId === doctorId)!;
    const own = { doctorId, licenseId };
    const { getLicense: method } = LicenseServiceService;
    expect((await invoke(method, getLicense(desk.app), user, own)).response.id).toBe(licenseId);
  }
});

test("one of two claims of a number can be verified; a claim without a region code can only be rejected", async () => {
  const first = await claimOf("usual");
  expect((await desk.verify(first!.id)).status).toBe("VERIFIED");
  const second = await claimOf("spelt differently");
  await expect(desk.verify(second!.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
  const unknown = await claimOf("with a region in free text");
  await expect(desk.verify(unknown!.id)).rejects.toMatchObject({
    reason: "ILLEGAL_TRANSITION",
    metadata: { allowed: "REJECTED" },
  });
  const { rejectLicense: method } = LicenseServiceService;
  const request = RejectLicenseRequest.fromPartial({
    licenseId: unknown!.id,
    reason: "Which state's board?",
  });
  const { response } = await invoke(method, rejectLicense(desk.app), desk.admin, request);
  expect(response).toMatchObject({ status: "REJECTED", rejectReason: "Which state's board?" });
});
