import { applyMask, assertEtag, isUnchanged, type Updatable } from "@medconnect/platform/api/update-mask.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  Doctor,
  UpdateDoctorRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { feeColumns, feeOf } from "../money.ts";
import { DEFAULT_TIME_ZONE } from "./doctor-rules.ts";
import { lockDoctor, toOwnDoctor, updateDoctor as update } from "./doctor-store.ts";
import { assertOwnProfile } from "./own-profile.ts";
import { indexDoctor } from "./search-index-store.ts";

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
    const current = await lockDoctor(tx, doctorId, now);
    if (!current) throw new ApiError("NOT_FOUND");
    assertEtag(patch!.etag, current.version);
    const profile = toOwnDoctor(current, now);
    const patched = applyMask(profile, patch!, updateMask, FIELDS);
    const changed = {
      ...patched,
      timeZone: patched.timeZone || DEFAULT_TIME_ZONE,
      fee: feeOf(feeColumns(patched.fee)),
    };
    if (isUnchanged(profile, changed, FIELDS)) return { response: profile, entries: [] };
    update(tx, changed);
    indexDoctor(tx, { ...changed, display_name: current.display_name });
    return {
      response: toOwnDoctor((await lockDoctor(tx, doctorId, now))!, now),
      entries: [{ resource: `doctors/${doctorId}`, subjectIds: [doctorId] }],
    };
  });
}
