import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Scheduling } from "../app.ts";
import { isVisibleTo } from "./doctor-rules.ts";
import { findPractice } from "./doctor-store.ts";

/** Checks that the caller may see a doctor. Throws NOT_FOUND. */
export async function assertVisible(app: Scheduling, doctorId: string, { caller }: Call): Promise<void> {
  const doctor = await findPractice(app.db, doctorId);
  if (!doctor || !isVisibleTo(doctor, callerId(caller), app.businessClock.now()))
    throw new ApiError("NOT_FOUND");
}

/**
 * Checks that a doctor acts on their own profile, which need not exist yet. Throws NOT_OWNER if another
 * doctor's profile is visible, and NOT_FOUND if that profile is hidden or missing.
 */
export async function assertOwnProfile(app: Scheduling, doctorId: string, call: Call): Promise<void> {
  if (doctorId === callerId(call.caller)) return;
  await assertVisible(app, doctorId, call);
  throw new ApiError("NOT_OWNER");
}
