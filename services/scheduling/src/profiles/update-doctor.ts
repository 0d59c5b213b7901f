import { applyMask, assertEtag, isUnchanged, type Updatable } from "@medconnect/platform/api/update-mask.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  Doctor,
  UpdateDoctorRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { assertOwnProfile } from "../doctors/doctor-access.ts";
import { DEFAULT_TIME_ZONE } from "../doctors/doctor-rules.ts";
import { updateDoctor as update } from "../doctors/doctor-store.ts";
import { feeColumns, feeOf } from "../money/fee.ts";
import { indexDoctor } from "../search-index/search-index-store.ts";
import { toOwnProfile } from "./profile.ts";
import { lockProfile } from "./profile-store.ts";

const FIELDS: Updatable<Doctor> = {
  updatable: ["specialty", "bio", "languages", "timeZone", "fee"],
  immutable: [],
};

/**
 * DoctorService.UpdateDoctor. The mask is applied to the locked profile. Without an etag, concurrent updates all succeed and
 * the last write of each field stays. One that changes nothing raises no version. Throws NOT_FOUND, NOT_OWNER, ETAG_MISMATCH.
 */
export async function updateDoctor(
  app: Scheduling,
  { doctorId, doctor: patch, updateMask }: UpdateDoctorRequest,
  call: Call,
): Promise<Doctor> {
  await assertOwnProfile(app, doctorId, call);
  return await app.calls.apply(call, async (tx) => {
    const now = app.clock.now();
    const current = await lockProfile(tx, doctorId, now);
    if (!current) throw new ApiError("NOT_FOUND");
    assertEtag(patch!.etag, current.version);
    const profile = toOwnProfile(current, now);
    const patched = applyMask(profile, patch!, updateMask, FIELDS);
    const changed = {
      ...patched,
      timeZone: patched.timeZone || DEFAULT_TIME_ZONE,
      fee: feeOf(feeColumns(patched.fee)),
    };
    if (isUnchanged(profile, changed, FIELDS)) return { response: profile, entries: [] };
    update(tx, changed);
    indexDoctor(tx, { ...changed, displayName: current.displayName });
    return {
      response: toOwnProfile((await lockProfile(tx, doctorId, now))!, now),
      entries: [{ resource: `doctors/${doctorId}`, subjectIds: [doctorId] }],
    };
  });
}
