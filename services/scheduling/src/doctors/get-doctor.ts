import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Doctor, GetDoctorRequest } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { profileRegion } from "../jurisdiction.ts";
import { toOwnDoctor, toPublicDoctor } from "./doctor-store.ts";
import { findShownDoctor } from "./find-shown-doctor.ts";

/** DoctorService.GetDoctor. Throws NOT_FOUND. */
export async function getDoctor(
  app: Scheduling,
  { doctorId }: GetDoctorRequest,
  call: Call,
): Promise<Doctor> {
  if (doctorId === callerId(call.caller)) {
    return toOwnDoctor(await findShownDoctor(app, doctorId, call), app.clock.now());
  }
  const region = await profileRegion(app, call);
  return toPublicDoctor(await findShownDoctor(app, doctorId, call, region), app.clock.now());
}
