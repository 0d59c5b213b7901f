import { duplicateKeyOf } from "@medconnect/platform/db/errors.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { etagOf } from "@medconnect/platform/update-mask.ts";
import type {
  CreateDoctorRequest,
  Doctor,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { nameOf } from "../people/people-store.ts";
import { normalized } from "./doctor-rules.ts";
import { insertDoctor } from "./doctor-store.ts";
import { indexDoctor } from "./search-index-store.ts";

/** DoctorService.CreateDoctor. Throws DOCTOR_EXISTS, LICENSE_NUMBER_TAKEN. */
export const createDoctor =
  (app: Scheduling) =>
  async ({ doctor: sent }: CreateDoctorRequest, call: Call): Promise<Doctor> => {
    const { userId } = userOf(call);
    const displayName = await nameOf(app.db, userId);
    const createTime = app.clock.now();
    const doctor: Doctor = {
      ...normalized(sent!),
      id: userId,
      displayName,
      verification: "PENDING",
      nextAvailableTime: undefined,
      createTime,
      etag: etagOf(1),
    };
    return await app.changes.apply(call, async (tx) => {
      try {
        await insertDoctor(tx, doctor, createTime);
      } catch (error) {
        const key = duplicateKeyOf(error);
        if (key === "doctors.PRIMARY") throw new ApiError("DOCTOR_EXISTS");
        if (key === "doctors.license_number") throw new ApiError("LICENSE_NUMBER_TAKEN");
        throw error;
      }
      indexDoctor(tx, { ...doctor, display_name: doctor.displayName });
      return { response: doctor, trails: [{ resource: `doctors/${userId}`, subjectIds: [userId] }] };
    });
  };
