import { bound, invoke } from "@medconnect/platform/testing/test-service.ts";
import { DoctorServiceService } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import {
  LicenseServiceService,
  ListLicensesRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { createLicense } from "../licenses/create-license.ts";
import { rejectLicense, revokeLicense } from "../licenses/decide-license.ts";
import { listLicenses } from "../licenses/read-licenses.ts";
import { getDoctor } from "../profiles/get-doctor.ts";
import type { SchedulingFixture } from "./scheduling-fixture.ts";

const { createLicense: create, rejectLicense: reject, revokeLicense: revoke } = LicenseServiceService;

/** Calls about licences, made by the fixture's doctor or admin. */
export function licenseCalls(fixture: () => SchedulingFixture) {
  async function claim(
    number: string,
    given: { by?: SchedulingFixture["doctor"]; region?: string; expireDate?: string } = {},
  ) {
    const { by = fixture().doctor, region = "US-CA", expireDate = "" } = given;
    const request = { doctorId: by.userId, number, region, expireDate, idempotencyKey: "" };
    return (await invoke(create, bound(createLicense, fixture().app), by, request)).response;
  }

  const decide = async (decision: "reject" | "revoke", licenseId: string) => {
    const request = {
      licenseId,
      reason: "Not in the register",
      idempotencyKey: "",
      stopPrescriptions: false,
    };
    const decided =
      decision === "reject"
        ? await invoke(reject, bound(rejectLicense, fixture().app), fixture().admin, request)
        : await invoke(revoke, bound(revokeLicense, fixture().app), fixture().admin, request);
    return decided.response;
  };

  const profile = async (by = fixture().doctor) =>
    (
      await invoke(DoctorServiceService.getDoctor, bound(getDoctor, fixture().app), by, {
        doctorId: fixture().doctor.userId,
      })
    ).response;

  const list = async (filter: Parameters<typeof ListLicensesRequest.fromPartial>[0]) => {
    const { listLicenses: method } = LicenseServiceService;
    const request = ListLicensesRequest.fromPartial(filter);
    return (await invoke(method, bound(listLicenses, fixture().app), fixture().admin, request)).response;
  };

  return { claim, decide, profile, list };
}
