import { type DescMessage, fromBinary, getOption, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { messageNamed } from "@medconnect/platform/contract/registry.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { in_lists } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import {
  Doctor,
  DoctorServiceService,
  SearchDoctorsRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import {
  type License,
  LicenseServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { searchDoctors } from "../profiles/search-doctors.ts";
import { licenseCalls } from "../testing/license-calls.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { createLicense } from "./create-license.ts";
import { MAX_LICENSES } from "./license-rules.ts";
import { getLicense, listDoctorLicenses } from "./read-licenses.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const { claim, decide, profile, list } = licenseCalls(() => fixture);

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

test("create, get and list return the same licence", async () => {
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

test("the limit of open licences also holds for concurrent claims", async () => {
  const first = await fixture.claimLicense(0);
  const tries = Array.from({ length: MAX_LICENSES + 5 }, (_, i) => claim(`MANY-${i}`));
  const outcomes = (await Promise.allSettled(tries)).map(outcome);
  expect(outcomes.filter((each) => each === "ok")).toHaveLength(MAX_LICENSES - 1);
  expect(outcomes.filter((each) => each === "TOO_MANY_LICENSES")).toHaveLength(6);
  await decide("reject", first.id);
  expect((await claim("ONE-MORE")).status).toBe("PENDING");
});

test("the maximum of the longest licences fits the contract's bound in a search", async () => {
  await fixture.createDoctor(0);
  const longest = { region: "MX-CMX", expireDate: "2099-12-31" };
  const sizesOf = async () => {
    const { searchDoctors: method } = DoctorServiceService;
    const request = SearchDoctorsRequest.fromPartial({ orderBy: "createTime desc", pageSize: 1 });
    const { response } = await invoke(method, bound(searchDoctors, fixture.app), fixture.patient, request);
    return boundedSizes(
      messageNamed("medconnect.scheduling.v1.Doctor"),
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

/** Size on the wire, in bytes, of each field that has the option `in_lists.max_bytes`. */
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
  const other = invoke(
    LicenseServiceService.createLicense,
    bound(createLicense, fixture.app),
    userCaller("DOCTOR"),
    request,
  );
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
