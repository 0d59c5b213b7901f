import { changed } from "@medconnect/platform/changes/effect.ts";
import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  CreateDoctorRequest,
  Doctor,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { DEFAULT_TIME_ZONE } from "../doctors/doctor-rules.ts";
import { insertDoctor } from "../doctors/doctor-store.ts";
import { pendingLicense } from "../licenses/create-license.ts";
import { assertNotOver } from "../licenses/license-rules.ts";
import { insertLicense } from "../licenses/license-store.ts";
import { lockPerson } from "../people/people-store.ts";
import { indexDoctor } from "../search-index/search-index-store.ts";
import { toOwnProfile } from "./profile.ts";
import { lockOwnProfile } from "./profile-store.ts";

/** DoctorService.CreateDoctor. Throws DOCTOR_EXISTS. */
export async function createDoctor(app: Scheduling, sent: CreateDoctorRequest, call: Call): Promise<Doctor> {
  const { userId } = userOf(call);
  const now = app.businessClock.now();
  const claim = {
    number: sent.licenseNumber,
    region: sent.licenseRegion,
    expireDate: sent.licenseExpireDate,
  };
  assertNotOver(claim, now, "license_expire_date");
  const { specialty, bio, languages, fee } = sent;
  const timeZone = sent.timeZone || DEFAULT_TIME_ZONE;
  const profile = { id: userId, specialty, bio, languages, timeZone, fee };
  return await app.calls.apply(call, async (tx) => {
    const displayName = await lockPerson(tx, userId);
    try {
      await insertDoctor(tx, profile, now);
    } catch (error) {
      if (duplicateKeyOf(error) === "doctors.PRIMARY") throw new ApiError("DOCTOR_EXISTS");
      throw error;
    }
    indexDoctor(tx, { ...profile, displayName });
    const license = pendingLicense(userId, claim, now);
    insertLicense(tx, license, now);
    return changed(
      toOwnProfile(await lockOwnProfile(tx, userId, now), now),
      { resource: `doctors/${userId}`, subjectIds: [userId] },
      { resource: `licenses/${license.id}`, subjectIds: [userId], action: "license.create" },
    );
  });
}
