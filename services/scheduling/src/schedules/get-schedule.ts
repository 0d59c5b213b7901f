import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  GetScheduleRequest,
  Schedule,
} from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import type { Scheduling } from "../app.ts";
import { assertOwnProfile } from "../doctors/doctor-access.ts";
import { findSchedule } from "./schedule-store.ts";

/** ScheduleService.GetSchedule. Throws NOT_FOUND, NOT_OWNER. */
export async function getSchedule(
  app: Scheduling,
  { doctorId }: GetScheduleRequest,
  call: Call,
): Promise<Schedule> {
  await assertOwnProfile(app, doctorId, call);
  const stored = await findSchedule(app.db, doctorId, app.businessClock.now());
  if (!stored) throw new ApiError("NOT_FOUND");
  return stored.schedule;
}
