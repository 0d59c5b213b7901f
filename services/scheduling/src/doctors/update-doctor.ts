import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { applyMask, assertEtag, etagOf, type Updatable } from "@medconnect/platform/update-mask.ts";
import type {
  Doctor,
  UpdateDoctorRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { feeColumns, feeOf } from "../money.ts";
import { normalized } from "./doctor-rules.ts";
import { findDoctor, toDoctor, updateDoctor as update } from "./doctor-store.ts";
import { indexDoctor } from "./search-index-store.ts";

const FIELDS: Updatable<Doctor> = {
  updatable: ["specialty", "bio", "languages", "timeZone", "fee"],
  immutable: ["licenseNumber", "licenseRegion"],
};

/** DoctorService.UpdateDoctor. Throws NOT_FOUND, NOT_OWNER, ETAG_MISMATCH, and CONFLICT when a race is lost. */
export const updateDoctor =
  (app: Scheduling) =>
  async ({ doctorId, doctor: patch, updateMask }: UpdateDoctorRequest, call: Call): Promise<Doctor> => {
    const row = await findDoctor(app.db, doctorId, app.clock.now());
    const isOwn = doctorId === userOf(call).userId;
    if (!row || (row.hidden && !isOwn)) throw new ApiError("NOT_FOUND");
    if (!isOwn) throw new ApiError("NOT_OWNER");
    assertEtag(patch!.etag, row.version);
    const changed = normalized(applyMask(toDoctor(row), patch!, updateMask, FIELDS));
    const doctor = { ...changed, fee: feeOf(feeColumns(changed.fee)), etag: etagOf(row.version + 1) };
    return await app.changes.apply(call, async (tx) => {
      if (!(await update(tx, doctor, row.version))) throw new ApiError("CONFLICT");
      indexDoctor(tx, { ...doctor, display_name: doctor.displayName });
      return { response: doctor, trails: [{ resource: `doctors/${doctorId}`, subjectIds: [doctorId] }] };
    });
  };
