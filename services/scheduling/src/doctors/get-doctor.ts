import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Doctor, GetDoctorRequest } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { isPractising } from "./doctor-rules.ts";
import { findDoctor, toOwnDoctor, toPublicDoctor } from "./doctor-store.ts";

/** DoctorService.GetDoctor. The profile of a doctor who does not practise is there for that doctor only. Throws NOT_FOUND. */
export const getDoctor =
  (app: Scheduling) =>
  async ({ doctorId }: GetDoctorRequest, call: Call): Promise<Doctor> => {
    const now = app.clock.now();
    const row = await findDoctor(app.db, doctorId, now);
    if (row && row.id === callerId(call.caller)) return toOwnDoctor(row, now);
    if (!row || !isPractising(row, now)) throw new ApiError("NOT_FOUND");
    return toPublicDoctor(row, now);
  };
