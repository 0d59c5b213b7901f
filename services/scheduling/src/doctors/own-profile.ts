import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Scheduling } from "../app.ts";
import { findShownDoctor } from "./find-shown-doctor.ts";

/**
 * Lets doctors at their own profile only, whether it exists or not. Another's is NOT_OWNER while everybody may see it, and
 * as a missing one (NOT_FOUND) otherwise.
 */
export async function assertOwnProfile(app: Scheduling, doctorId: string, call: Call): Promise<void> {
  if (doctorId === callerId(call.caller)) return;
  await findShownDoctor(app, doctorId, call);
  throw new ApiError("NOT_OWNER");
}
