import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { applyMask, assertEtag, etagOf, type Updatable } from "@medconnect/platform/update-mask.ts";
import type {
  Doctor,
  UpdateDoctorRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { feeColumns, feeOf } from "../money.ts";
import { canonicalTags } from "./doctor-rules.ts";
import { findDoctor, toOwnDoctor, updateDoctor as update } from "./doctor-store.ts";
import { assertOwnProfile } from "./own-profile.ts";
import { indexDoctor } from "./search-index-store.ts";

const FIELDS: Updatable<Doctor> = {
  updatable: ["specialty", "bio", "languages", "timeZone", "fee"],
  immutable: [],
};

/** DoctorService.UpdateDoctor. Throws NOT_FOUND, NOT_OWNER, ETAG_MISMATCH, and CONFLICT when a race is lost. */
export const updateDoctor =
  (app: Scheduling) =>
  async ({ doctorId, doctor: patch, updateMask }: UpdateDoctorRequest, call: Call): Promise<Doctor> => {
    await assertOwnProfile(app, doctorId, call);
    const now = app.clock.now();
    const row = await findDoctor(app.db, doctorId, now);
    if (!row) throw new ApiError("NOT_FOUND");
    assertEtag(patch!.etag, row.version);
    const patched = applyMask(toOwnDoctor(row, now), patch!, updateMask, FIELDS);
    const changed = { ...patched, ...canonicalTags(patched, "doctor.") };
    const doctor = { ...changed, fee: feeOf(feeColumns(changed.fee)), etag: etagOf(row.version + 1) };
    return await app.changes.apply(call, async (tx) => {
      if (!(await update(tx, doctor, row.version))) throw new ApiError("CONFLICT");
      indexDoctor(tx, { ...doctor, display_name: doctor.displayName });
      return { response: doctor, trails: [{ resource: `doctors/${doctorId}`, subjectIds: [doctorId] }] };
    });
  };
