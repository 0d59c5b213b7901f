import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { bound, invoke } from "@medconnect/platform/testing/test-service.ts";
import { LicenseServiceService } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { licenseCalls } from "../testing/license-calls.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { revokeLicense } from "./decide-license.ts";
import { getLicense, listDoctorLicenses } from "./read-licenses.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const { claim, decide, list } = licenseCalls(() => fixture);

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

test("a licence whose reason was changed in the database is left out of lists, alone", async () => {
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

test("a planted reason does not prevent the revocation of a verified licence", async () => {
  const { id } = await fixture.claimLicense(0);
  await fixture.verify(id);
  await fixture.app.db.write("UPDATE licenses SET reject_reason = 'x' WHERE id = ?", [binaryId(id)]);
  expect((await decide("revoke", id)).status).toBe("REVOKED");
});

test("the audit log links each decision to the doctor", async () => {
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
  const sent = rows.map(({ type, destination }) => `${type} to ${destination}`).toSorted();
  expect(sent).toEqual([
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
    return invoke(
      LicenseServiceService.revokeLicense,
      bound(revokeLicense, fixture.app),
      fixture.admin,
      request,
    );
  };
  await expect(stop("Struck off")).rejects.toMatchObject({ reason: "ILLEGAL_TRANSITION" });
  expect(await stopTime()).toEqual([null, null]);
  const { response } = await stop("Not in the register");
  expect(response).toMatchObject({ status: "REVOKED", rejectReason: "Not in the register" });
  expect(await stopTime()).toEqual([fixture.app.clock.now(), fixture.admin.userId]);
});
