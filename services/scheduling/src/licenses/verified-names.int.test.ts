import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { bound, invoke } from "@medconnect/platform/testing/test-service.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import {
  DoctorServiceService,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { LicenseServiceService } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { searchDoctors } from "../profiles/search-doctors.ts";
import { licenseCalls } from "../testing/license-calls.ts";
import { SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { getLicense } from "./read-licenses.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const { claim, decide, profile, list } = licenseCalls(() => fixture);

/** Creates a doctor whose licence is verified for the name "Ana Old". @returns the licence's id */
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

test("a new name of the account waits for an admin without interrupting the practice", async () => {
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

test("a name that the account takes back no longer waits", async () => {
  await verifiedAsOld();
  await rename("Ana New");
  await rename("Ana Old");
  expect(await awaiting()).toEqual([]);
});

test("an admin verifies only the name they compared", async () => {
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

test("the public name is that of the licence verified last, and stays after its revocation", async () => {
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

test("a new name goes to clinical and not to auth, which would send a mail", async () => {
  const id = await verifiedAsOld();
  await rename("Ana New");
  const sent = async () => {
    const rows = await fixture.app.db.read<{ type: string; payload: Buffer }>(
      "SELECT type, payload FROM outbox WHERE type IN ('license.decided', 'doctor.licensed') ORDER BY id DESC LIMIT 3",
    );
    const nameIn = ({ state }: Event) => (state?.$case === "doctor" ? state.value.displayName : undefined);
    return rows.map(({ type, payload }) => [type, nameIn(Event.decode(payload))]);
  };
  const before = await sent();
  await fixture.verify(id);
  expect(await sent()).toEqual([["doctor.licensed", "Ana New"], ...before.slice(0, 2)]);
});
