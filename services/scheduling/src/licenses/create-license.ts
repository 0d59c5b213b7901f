import { changed } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type {
  CreateLicenseRequest,
  License,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import type { Scheduling } from "../app.ts";
import { assertOwnProfile } from "../doctors/doctor-access.ts";
import { findPractice } from "../doctors/doctor-store.ts";
import { assertNotOver, type Claim, MAX_LICENSES } from "./license-rules.ts";
import { countLiveLicenses, insertLicense } from "./license-store.ts";

/** LicenseService.CreateLicense. Throws NOT_FOUND, NOT_OWNER, DOCTOR_PROFILE_REQUIRED, TOO_MANY_LICENSES. */
export async function createLicense(
  app: Scheduling,
  { doctorId, ...sent }: CreateLicenseRequest,
  call: Call,
): Promise<License> {
  const now = app.businessClock.now();
  const { number, region, expireDate } = sent;
  const claim = { number, region, expireDate };
  assertNotOver(claim, now, "expire_date");
  await assertOwnProfile(app, doctorId, call);
  if (!(await findPractice(app.db, doctorId))) throw new ApiError("DOCTOR_PROFILE_REQUIRED");
  return await app.calls.apply(call, async (tx) => {
    if ((await countLiveLicenses(tx, doctorId, now)) >= MAX_LICENSES) {
      throw new ApiError("TOO_MANY_LICENSES", { metadata: { limit: String(MAX_LICENSES) } });
    }
    const license = pendingLicense(doctorId, claim, now);
    insertLicense(tx, license, now);
    return changed(license, { resource: `licenses/${license.id}`, subjectIds: [doctorId] });
  });
}

/** Builds a new licence that waits for an admin's decision. */
export const pendingLicense = (
  doctorId: string,
  { number, region, expireDate }: Claim,
  createTime: Date,
): License => ({
  id: newId(),
  doctorId,
  number,
  region,
  expireDate,
  status: "PENDING",
  rejectReason: "",
  decideTime: undefined,
  createTime,
});
