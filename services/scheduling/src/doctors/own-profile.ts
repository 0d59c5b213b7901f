import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { Scheduling } from "../app.ts";
import { isPractising } from "./doctor-rules.ts";
import { findDoctor } from "./doctor-store.ts";

/**
 * Lets doctors at their own profile only, whether it exists or not. Another's is NOT_OWNER while everybody may see it, and
 * as a missing one (NOT_FOUND) otherwise.
 */
export async function assertOwnProfile(
  { db, clock }: Scheduling,
  doctorId: string,
  call: Call,
): Promise<void> {
  if (doctorId === userOf(call).userId) return;
  const now = clock.now();
  const doctor = await findDoctor(db, doctorId, now);
  throw new ApiError(doctor && isPractising(doctor, now) ? "NOT_OWNER" : "NOT_FOUND");
}
