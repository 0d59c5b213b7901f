import { type DescMessage, fromBinary, getOption, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { registry } from "@medconnect/platform/contract/registry.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { in_lists } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import {
  Doctor,
  DoctorServiceService,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import {
  type License,
  LicenseServiceService,
  ListLicensesRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { getDoctor } from "../profiles/get-doctor.ts";
import { searchDoctors } from "../profiles/search-doctors.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { createLicense } from "./create-license.ts";
import { rejectLicense, revokeLicense } from "./decide-license.ts";
import { MAX_LICENSES } from "./license-rules.ts";
import { getLicense, listDoctorLicenses, listLicenses } from "./read-licenses.ts";

const DAY_MS = 86_400_000;

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const { createLicense: create, rejectLicense: reject, revokeLicense: revoke } = LicenseServiceService;

async function claim(
  number: string,
  given: { by?: typeof fixture.doctor; region?: string; expireDate?: string } = {},
) {
  const { by = fixture.doctor, region = "US-CA", expireDate = "" } = given;
  const request = { doctorId: by.userId, number, region, expireDate, idempotencyKey: "" };
  return (await invoke(create, bound(createLicense, fixture.app), by, request)).response;
}

const decide = async (decision: "reject" | "revoke", licenseId: string) => {
  const request = { licenseId, reason: "Not in the register", idempotencyKey: "", stopPrescriptions: false };
  const decided =
    decision === "reject"
      ? await invoke(reject, bound(rejectLicense, fixture.app), fixture.admin, request)
      : await invoke(revoke, bound(revokeLicense, fixture.app), fixture.admin, request);
  return decided.response;
};

const profile = async (by = fixture.doctor) =>
  (
    await invoke(DoctorServiceService.getDoctor, bound(getDoctor, fixture.app), by, {
      doctorId: fixture.doctor.userId,
    })
  ).response;

const list = async (filter: Parameters<typeof ListLicensesRequest.fromPartial>[0]) => {
  const { listLicenses: method } = LicenseServiceService;
  const request = ListLicensesRequest.fromPartial(filter);
  return (await invoke(method, bound(listLicenses, fixture.app), fixture.admin, request)).response;
};

test("a profile's first licence is pending, and hides the doctor until it is verified", async () => {
  const license = await fixture.claimLicense(0);
  expect(license).toMatchObject({ status: "PENDING", region: "US-CA", expireDate: "", rejectReason: "" });
  expect(await profile()).toMatchObject({ practising: false, licenses: [license] });
  await expect(profile(fixture.patient)).rejects.toMatchObject({ reason: "NOT_FOUND" });

  expect(await fixture.verify(license.id)).toMatchObject({
    status: "VERIFIED",
    decideTime: fixture.app.clock.now(),
  });
  expect(await profile()).toMatchObject({
    practising: true,
    licenses: [{ id: license.id, status: "VERIFIED" }],
  });
});

test("others see all fields of a doctor's verified licences, and no pending one", async () => {
  await fixture.createDoctor(0);
  const pending = await claim("SECOND-1");
  const { licenses: own } = await profile();
  expect(own[1]).toEqual(pending);
  expect((await profile(fixture.patient)).licenses).toEqual([own[0]]);
  expect(own[0]).toMatchObject({ id: expect.stringMatching(/./), status: "VERIFIED" });
  const { searchDoctors: method } = DoctorServiceService;
  const request = SearchDoctorsRequest.fromPartial({ orderBy: "createTime desc", pageSize: 1 });
  const found = await invoke(method, bound(searchDoctors, fixture.app), fixture.patient, request);
  expect(found.response.doctors[0]!.licenses).toEqual([own[0]]);
});

test("claim, get and list show the same licence", async () => {
  await fixture.createDoctor(0);
  const claimed = await claim("LISTED-1", { expireDate: "2031-05-01" });
  const { listDoctorLicenses: method } = LicenseServiceService;
  const request = { doctorId: fixture.doctor.userId, pageSize: 0, pageToken: "" };
  const { response } = await invoke(method, bound(listDoctorLicenses, fixture.app), fixture.doctor, request);
  expect(response.licenses).toHaveLength(2);
  expect(response.licenses[1]).toEqual(claimed);
  expect((await profile()).licenses[1]).toEqual(claimed);
  const one = { doctorId: fixture.doctor.userId, licenseId: claimed.id };
  const { getLicense: get } = LicenseServiceService;
  expect((await invoke(get, bound(getLicense, fixture.app), fixture.doctor, one)).response).toEqual(claimed);
});

test("a squatter's claim blocks no other claim, and the second verification is refused", async () => {
  const squatter = await fixture.claimLicense(0);
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const own = await claim(squatter.number.toLowerCase());
  await fixture.verify(own.id);
  await expect(fixture.verify(squatter.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
  await decide("revoke", own.id);
  expect((await fixture.verify(squatter.id)).status).toBe("VERIFIED");
});

test.each([
  ["X-4711", "x4711"],
  ["X4712", "X 4712"],
  ["ab/12.3", "AB-12 3"],
])("%s and %s are one number", async (taken, other) => {
  await fixture.claimLicense(0);
  const first = await claim(taken, { region: "FR" });
  expect((await fixture.verify(first.id)).number).toBe(taken);
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const second = await claim(other, { region: "FR" });
  await expect(fixture.verify(second.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
});

test("a territory's two codes are one region", async () => {
  await fixture.claimLicense(0);
  const first = await claim("T-1", { region: "US-PR" });
  expect((await fixture.verify(first.id)).region).toBe("PR");
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const second = await claim("T 1", { region: "PR" });
  await expect(fixture.verify(second.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
});

test.each(["-123", "12-", "1 ", "N°5", "ＡＢ１２", "АB12"])(
  "%j is refused as a licence number",
  async (number) => {
    await fixture.claimLicense(0);
    await expect(claim(number)).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
  },
);

test("one doctor gets a number that many admins verify for two doctors at once", async () => {
  const first = await fixture.claimLicense(0);
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const second = await claim(first.number);
  const ids = Array.from({ length: 10 }, (_, i) => (i % 2 ? first.id : second.id));
  const outcomes = await Promise.allSettled(ids.map((id) => fixture.verify(id)));
  expect(new Set(outcomes.map(outcome))).toEqual(new Set(["ok", "LICENSE_NUMBER_TAKEN"]));
  const { licenses } = await list({ doctorId: fixture.doctor.userId, status: "VERIFIED" });
  const { licenses: others } = await list({ doctorId: first.doctorId, status: "VERIFIED" });
  expect(licenses.length + others.length).toBe(1);
});

test("a number in another region is another licence", async () => {
  await fixture.createDoctor(0);
  const [one, other] = [await claim("SAME-1", { region: "DE" }), await claim("SAME-1", { region: "FR" })];
  await fixture.verify(one.id);
  expect((await fixture.verify(other.id)).status).toBe("VERIFIED");
});

test("a licence with a new date replaces the doctor's own", async () => {
  const until = (days: number) =>
    new Date(fixture.app.clock.now().getTime() + days * DAY_MS).toISOString().slice(0, 10);
  await fixture.claimLicense(0);
  const old = await claim("RENEW-1", { region: "DE", expireDate: until(1) });
  await fixture.verify(old.id);
  const renewed = await claim("renew 1", { region: "DE", expireDate: until(400) });
  await fixture.verify(renewed.id);
  expect(await profile()).toMatchObject({ practising: true });
  const { licenses } = await list({ doctorId: fixture.doctor.userId, region: "DE" });
  expect(licenses.map(({ id, status }) => [id, status])).toEqual([
    [old.id, "EXPIRED"],
    [renewed.id, "VERIFIED"],
  ]);
  await decide("revoke", renewed.id);
  expect(await profile()).toMatchObject({ practising: false });
});

/** A doctor whose licence was verified for "Ana Old". @returns the licence's id */
async function verifiedAsOld(): Promise<string> {
  await fixture.accountEvent(fixture.doctor, { fullName: "Ana Old" });
  const { id } = await fixture.claimLicense(0);
  expect(await fixture.verify(id)).toMatchObject({ verifiedName: "Ana Old" });
  return id;
}

const rename = async (fullName: string) => {
  fixture.app.clock.advance(1000);
  await fixture.accountEvent(fixture.doctor, { fullName });
};
const publicNames = async () => {
  const { searchDoctors: method } = DoctorServiceService;
  const request = SearchDoctorsRequest.fromPartial({ query: "Ana", pageSize: 100 });
  const { response } = await invoke(method, bound(searchDoctors, fixture.app), fixture.patient, request);
  const found = response.doctors.find(({ id }) => id === fixture.doctor.userId);
  return [(await profile()).displayName, (await profile(fixture.patient)).displayName, found?.displayName];
};
const called = (name: string) => [name, name, name];
const awaiting = async (filter: object = {}) =>
  (await list({ doctorId: fixture.doctor.userId, awaitingDecision: true, ...filter })).licenses.map(
    ({ id }) => id,
  );

test("a new name of the account waits for an admin, and interrupts nothing", async () => {
  const id = await verifiedAsOld();
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  expect(await awaiting()).toEqual([]);
  await rename("Prof. Ana New");
  expect(await publicNames()).toEqual(called("Ana Old"));
  expect(await fixture.read(booking.id)).toMatchObject({ status: "CONFIRMED", doctorName: "Ana Old" });
  expect(await awaiting()).toEqual([id]);
  expect(await awaiting({ status: "VERIFIED" })).toEqual([id]);
  expect(await awaiting({ status: "PENDING" })).toEqual([]);
  const { etag } = await profile();
  expect(await fixture.verify(id)).toMatchObject({ status: "VERIFIED", verifiedName: "Prof. Ana New" });
  expect(await publicNames()).toEqual(called("Prof. Ana New"));
  expect((await profile()).etag).not.toBe(etag);
  expect(await fixture.read(booking.id)).toMatchObject({
    status: "CONFIRMED",
    doctorName: "Prof. Ana New",
  });
  expect(await awaiting()).toEqual([]);
});

test("a name that the account takes back waits no longer", async () => {
  await verifiedAsOld();
  await rename("Ana New");
  await rename("Ana Old");
  expect(await awaiting()).toEqual([]);
});

test("an admin verifies no other name than the one they saw", async () => {
  await fixture.accountEvent(fixture.doctor, { fullName: "Ana Old" });
  const { id } = await fixture.claimLicense(0);
  await rename("Ana New");
  const refusal = { reason: "NAME_DIFFERS" };
  await expect(fixture.verify(id, fixture.app, "Ana Old")).rejects.toMatchObject(refusal);
  await fixture.verify(id, fixture.app, "Ana New");
  await rename("Ana Newer");
  const repeated = await fixture.verify(id, fixture.app, "Ana New");
  expect(repeated).toMatchObject({ status: "VERIFIED", verifiedName: "Ana New" });
  expect(await awaiting()).toEqual([id]);
  await expect(fixture.verify(id, fixture.app, "Ana Old")).rejects.toMatchObject(refusal);
});

test("the public name is that of the licence verified last, and stays when the only one is revoked", async () => {
  const first = await verifiedAsOld();
  const second = await claim("SECOND-1", { region: "US-NV" });
  await rename("Ana New");
  await fixture.verify(second.id);
  expect(await publicNames()).toEqual(called("Ana New"));
  fixture.app.clock.advance(1000);
  await decide("revoke", second.id);
  expect(await publicNames()).toEqual(called("Ana Old"));
  await decide("revoke", first);
  await rename("Ana Newer");
  expect((await profile()).displayName).toBe("Ana Old");
});

test("before a first verification, the doctor's own profile follows the account", async () => {
  await fixture.accountEvent(fixture.doctor, { fullName: "Ana Old" });
  await fixture.claimLicense(0);
  await rename("Ana New");
  expect((await profile()).displayName).toBe("Ana New");
});

test("a verified name is shown to its doctor and admins, not in profiles", async () => {
  const licenseId = await verifiedAsOld();
  const { getLicense: method } = LicenseServiceService;
  const request = { doctorId: fixture.doctor.userId, licenseId };
  const { response } = await invoke(method, bound(getLicense, fixture.app), fixture.doctor, request);
  expect(response.verifiedName).toBe("Ana Old");
  const { licenses } = await list({ doctorId: fixture.doctor.userId });
  expect(licenses).toMatchObject([{ verifiedName: "Ana Old" }]);
  for (const reader of [fixture.doctor, fixture.patient])
    expect((await profile(reader)).licenses[0]!.verifiedName).toBeUndefined();
});

test("a new name goes to clinical; auth sends no mail about it", async () => {
  const id = await verifiedAsOld();
  await rename("Ana New");
  const told = async () => {
    const rows = await fixture.app.db.read<{ type: string; payload: Buffer }>(
      "SELECT type, payload FROM outbox WHERE type IN ('license.decided', 'doctor.licensed') ORDER BY id DESC LIMIT 3",
    );
    const nameIn = ({ state }: Event) => (state?.$case === "doctor" ? state.value.displayName : undefined);
    return rows.map(({ type, payload }) => [type, nameIn(Event.decode(payload))]);
  };
  const before = await told();
  await fixture.verify(id);
  expect(await told()).toEqual([["doctor.licensed", "Ana New"], ...before.slice(0, 2)]);
});

test("an expired licence of another doctor keeps its number until it is revoked", async () => {
  await fixture.claimLicense(0);
  const today = fixture.app.clock.now().toISOString().slice(0, 10);
  const old = await claim("GONE-1", { expireDate: today });
  await fixture.verify(old.id);
  fixture.app.clock.advance(DAY_MS);
  expect(await profile()).toMatchObject({ practising: false });
  fixture.renewPeople();
  await fixture.claimLicense(0);
  const next = await claim("GONE-1");
  await expect(fixture.verify(next.id)).rejects.toMatchObject({ reason: "LICENSE_NUMBER_TAKEN" });
  expect((await decide("revoke", old.id)).status).toBe("REVOKED");
  expect((await fixture.verify(next.id)).status).toBe("VERIFIED");
});

test("a decision shows its reason, and a repeat changes nothing", async () => {
  const { id } = await fixture.claimLicense(0);
  const rejected = await decide("reject", id);
  expect(rejected).toMatchObject({ status: "REJECTED", rejectReason: "Not in the register" });
  fixture.app.clock.advance(1000);
  expect(await decide("reject", id)).toEqual(rejected);
  await expect(fixture.verify(id)).rejects.toMatchObject({
    reason: "ILLEGAL_TRANSITION",
    metadata: { current: "REJECTED", requested: "VERIFIED", allowed: "" },
  });
});

test("the reason of a decision is readable for the doctor, but encrypted in the database", async () => {
  const { id } = await fixture.claimLicense(0);
  await decide("reject", id);
  const [row] = await fixture.app.db.read<{ rejectReason: Buffer }>(
    "SELECT reject_reason AS rejectReason FROM licenses WHERE id = ?",
    [binaryId(id)],
  );
  expect(row!.rejectReason.toString("latin1")).not.toContain("register");
  const { getLicense: method } = LicenseServiceService;
  const request = { doctorId: fixture.doctor.userId, licenseId: id };
  const { response } = await invoke(method, bound(getLicense, fixture.app), fixture.doctor, request);
  expect(response).toMatchObject({ status: "REJECTED", rejectReason: "Not in the register" });
});

test("a licence whose reason was changed in the database is missing in lists, and no other is", async () => {
  const { id } = await fixture.claimLicense(0);
  await decide("reject", id);
  const other = await claim("NEXT-1");
  await fixture.app.db.write("UPDATE licenses SET reject_reason = 'x' WHERE id = ?", [binaryId(id)]);
  const { listDoctorLicenses: method } = LicenseServiceService;
  const request = { doctorId: fixture.doctor.userId, pageSize: 0, pageToken: "" };
  const { response } = await invoke(method, bound(listDoctorLicenses, fixture.app), fixture.doctor, request);
  expect(response.licenses).toEqual([other]);
  expect((await list({ doctorId: fixture.doctor.userId })).licenses.map((each) => each.id)).toEqual([
    other.id,
  ]);
});

test("a text planted as a verified licence's reason does not keep it from being revoked", async () => {
  const { id } = await fixture.claimLicense(0);
  await fixture.verify(id);
  await fixture.app.db.write("UPDATE licenses SET reject_reason = 'x' WHERE id = ?", [binaryId(id)]);
  expect((await decide("revoke", id)).status).toBe("REVOKED");
});

test("the limit of open licences also holds for concurrent claims", async () => {
  const first = await fixture.claimLicense(0);
  const tries = Array.from({ length: MAX_LICENSES + 5 }, (_, i) => claim(`MANY-${i}`));
  const outcomes = (await Promise.allSettled(tries)).map(outcome);
  expect(outcomes.filter((each) => each === "ok")).toHaveLength(MAX_LICENSES - 1);
  expect(outcomes.filter((each) => each === "TOO_MANY_LICENSES")).toHaveLength(6);
  await decide("reject", first.id);
  expect((await claim("ONE-MORE")).status).toBe("PENDING");
});

test("in a search, the longest licences, as many as a doctor may have, fit the contract's bound", async () => {
  await fixture.createDoctor(0);
  const longest = { region: "MX-CMX", expireDate: "2099-12-31" };
  const sizesOf = async () => {
    const { searchDoctors: method } = DoctorServiceService;
    const request = SearchDoctorsRequest.fromPartial({ orderBy: "createTime desc", pageSize: 1 });
    const { response } = await invoke(method, bound(searchDoctors, fixture.app), fixture.patient, request);
    return boundedSizes(
      registry.getMessage("medconnect.scheduling.v1.Doctor")!,
      Doctor.encode(response.doctors[0]!).finish(),
    );
  };
  const [before] = await sizesOf();
  for (let i = 1; i < MAX_LICENSES; i++) {
    const { id } = await claim(`${i}`.padStart(40, "0"), longest);
    await fixture.verify(id);
  }
  const [licenses] = await sizesOf();
  expect(licenses!.bytes).toBeGreaterThan(before!.bytes * (MAX_LICENSES - 1));
  for (const { bytes, max } of await sizesOf()) expect(bytes).toBeLessThanOrEqual(max);
});

/** Size on the wire of each field with `in_lists.max_bytes`. */
function boundedSizes(schema: DescMessage, bytes: Uint8Array) {
  const message = reflect(schema, fromBinary(schema, bytes));
  return schema.fields.flatMap((field) => {
    const { maxBytes: max } = getOption(field, in_lists);
    if (max === 0) return [];
    const only = reflect(schema);
    only.set(field, message.get(field));
    return [{ bytes: toBinary(schema, only.message).length, max }];
  });
}

test("a doctor claims licences only with a profile, and only for it", async () => {
  await expect(claim("EARLY-1")).rejects.toMatchObject({ reason: "DOCTOR_PROFILE_REQUIRED" });
  await fixture.createDoctor(0);
  const request = {
    doctorId: fixture.doctor.userId,
    number: "OTHERS",
    region: "DE",
    expireDate: "",
    idempotencyKey: "",
  };
  const other = invoke(create, bound(createLicense, fixture.app), userCaller("DOCTOR"), request);
  await expect(other).rejects.toMatchObject({ reason: "NOT_OWNER" });
});

test("the admin's list runs from the oldest claim to the newest over all pages", async () => {
  const made: License[] = [];
  for (let i = 0; i < 3; i++) {
    fixture.renewPeople();
    made.push(await fixture.claimLicense(0));
    fixture.app.clock.advance(1000);
  }
  const ids: string[] = [];
  let pageToken = "";
  do {
    const page = await list({ status: "PENDING", region: "US-CA", pageSize: 2, pageToken });
    ids.push(...page.licenses.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(ids.filter((id) => made.some((license) => license.id === id))).toEqual(made.map(({ id }) => id));
});

test("the audit trail links each decision to the doctor", async () => {
  const { id } = await fixture.claimLicense(0);
  await fixture.verify(id);
  await decide("revoke", id);
  const rows = await fixture.app.db.read<{ action: string; actorId: string }>(
    "SELECT action, actor_id AS actorId FROM audit_events WHERE resource = ? ORDER BY id",
    [`licenses/${id}`],
  );
  expect(rows.map(({ action, actorId }) => [action, actorId])).toEqual([
    ["license.create", fixture.doctor.userId],
    ["license.verify", fixture.admin.userId],
    ["license.revoke", fixture.admin.userId],
  ]);
});

test("a decision sends events to auth and clinical without free text", async () => {
  const { id, number } = await fixture.claimLicense(0);
  await fixture.verify(id);
  await decide("revoke", id);
  const rows = await fixture.app.db.read<{ type: string; destination: string; payload: Buffer }>(
    "SELECT * FROM outbox WHERE type IN ('license.decided', 'doctor.licensed') ORDER BY id DESC LIMIT 4",
  );
  const told = rows.map(({ type, destination }) => `${type} to ${destination}`).toSorted();
  expect(told).toEqual([
    "doctor.licensed to clinical",
    "doctor.licensed to clinical",
    "license.decided to auth",
    "license.decided to auth",
  ]);
  expect(JSON.stringify(rows.map((row) => String(row.payload)))).not.toMatch(
    new RegExp(`${number}|register`),
  );
});

test("prescriptions are stopped on the admin's request, also in a repeated revocation", async () => {
  const { id } = await fixture.claimLicense(0);
  await fixture.verify(id);
  const stopTime = async () => {
    const [row] = await fixture.app.db.read<{
      prescriptionsStopTime: Date | null;
      prescriptionsStoppedBy: string;
    }>(
      "SELECT prescriptions_stop_time AS prescriptionsStopTime, prescriptions_stopped_by AS prescriptionsStoppedBy FROM doctors WHERE id = ?",
      [binaryId(fixture.doctor.userId)],
    );
    return [row!.prescriptionsStopTime, row!.prescriptionsStoppedBy];
  };
  await decide("revoke", id);
  expect(await stopTime()).toEqual([null, null]);
  fixture.app.clock.advance(1000);
  const stop = (reason: string) => {
    const request = { licenseId: id, reason, idempotencyKey: "", stopPrescriptions: true };
    return invoke(revoke, bound(revokeLicense, fixture.app), fixture.admin, request);
  };
  await expect(stop("Struck off")).rejects.toMatchObject({ reason: "ILLEGAL_TRANSITION" });
  expect(await stopTime()).toEqual([null, null]);
  const { response } = await stop("Not in the register");
  expect(response).toMatchObject({ status: "REVOKED", rejectReason: "Not in the register" });
  expect(await stopTime()).toEqual([fixture.app.clock.now(), fixture.admin.userId]);
});
