import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Scheduling } from "../app.ts";
import { findShownDoctor } from "./find-shown-doctor.ts";

/**
 * Checks that a doctor uses only their own profile, which need not exist. Another doctor's visible profile is NOT_OWNER; a
 * hidden or missing one is NOT_FOUND.
 */
export async function assertOwnProfile(app: Scheduling, doctorId: string, call: Call): Promise<void> {
  if (doctorId === callerId(call.caller)) return;
  await findShownDoctor(app, doctorId, call);
  throw new ApiError("NOT_OWNER");
}
