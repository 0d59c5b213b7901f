import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Doctor, GetDoctorRequest } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { toOwnDoctor, toPublicDoctor } from "./doctor-store.ts";
import { findShownDoctor } from "./find-shown-doctor.ts";

/** DoctorService.GetDoctor. Throws NOT_FOUND. */
export const getDoctor =
  (app: Scheduling) =>
  async ({ doctorId }: GetDoctorRequest, call: Call): Promise<Doctor> => {
    const row = await findShownDoctor(app, doctorId, call);
    const toShown = doctorId === callerId(call.caller) ? toOwnDoctor : toPublicDoctor;
    return toShown(row, app.clock.now());
  };
