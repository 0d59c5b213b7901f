import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Doctor, GetDoctorRequest } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { findDoctor, toDoctor } from "./doctor-store.ts";

/** DoctorService.GetDoctor. A hidden profile is there for its doctor only. Throws NOT_FOUND. */
export const getDoctor =
  (app: Scheduling) =>
  async ({ doctorId }: GetDoctorRequest, call: Call): Promise<Doctor> => {
    const row = await findDoctor(app.db, doctorId, app.clock.now());
    if (!row || (row.hidden && row.id !== callerId(call.caller))) throw new ApiError("NOT_FOUND");
    return toDoctor(row);
  };
