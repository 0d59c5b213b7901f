import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Doctor, GetDoctorRequest } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import type { Scheduling } from "../app.ts";
import { isVisibleTo } from "../doctors/doctor-rules.ts";
import { profileRegion } from "../jurisdiction/jurisdiction.ts";
import { toOwnProfile, toPublicProfile } from "./profile.ts";
import { findProfile } from "./profile-store.ts";

/** DoctorService.GetDoctor. Throws NOT_FOUND. */
export async function getDoctor(
  app: Scheduling,
  { doctorId }: GetDoctorRequest,
  call: Call,
): Promise<Doctor> {
  const now = app.businessClock.now();
  const reader = callerId(call.caller);
  const isOwn = doctorId === reader;
  const region = isOwn ? undefined : await profileRegion(app, call);
  const row = await findProfile(app.db, doctorId, now, region);
  if (!row || !isVisibleTo(row, reader, now)) throw new ApiError("NOT_FOUND");
  return isOwn ? toOwnProfile(row, now) : toPublicProfile(row, now);
}
