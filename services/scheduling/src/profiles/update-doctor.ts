import { applyMask, assertEtag, isUnchanged, updatableFields } from "@medconnect/platform/api/update-mask.ts";
import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
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
import { lockOwnProfile } from "./profile-store.ts";

const FIELDS = updatableFields<Doctor>("medconnect.scheduling.v1.UpdateDoctorRequest");

/**
 * DoctorService.UpdateDoctor: changes the fields that the update mask names. Without an etag, concurrent
 * updates all succeed, and the last write of each field wins. An update without a change keeps the version.
 * Throws NOT_FOUND, NOT_OWNER, ETAG_MISMATCH.
 */
export async function updateDoctor(
  app: Scheduling,
  { doctorId, doctor, updateMask }: UpdateDoctorRequest,
  call: Call,
): Promise<Doctor> {
  // biome-ignore lint/style/noNonNullAssertion: the validation rules of the request require the profile
  const patch = doctor!;
  await assertOwnProfile(app, doctorId, call);
  return await app.calls.apply(call, async (tx) => {
    const now = app.businessClock.now();
    const current = await lockOwnProfile(tx, doctorId, now);
    assertEtag(patch.etag, current.version);
    const profile = toOwnProfile(current, now);
    const patched = applyMask(profile, patch, updateMask, FIELDS);
    const updated = {
      ...patched,
      timeZone: patched.timeZone || DEFAULT_TIME_ZONE,
      fee: feeOf(feeColumns(patched.fee)),
    };
    if (isUnchanged(profile, updated, FIELDS)) return unchanged(profile);
    update(tx, updated);
    indexDoctor(tx, { ...updated, displayName: current.displayName });
    const after = toOwnProfile(await lockOwnProfile(tx, doctorId, now), now);
    return changed(after, { resource: `doctors/${doctorId}`, subjectIds: [doctorId] });
  });
}
