import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type { Scheduling } from "../app.ts";
import { isPractising } from "./doctor-rules.ts";
import { type DoctorRow, findDoctor } from "./doctor-store.ts";

/**
 * A profile that the caller may see: their own, or that of a practising doctor. Throws NOT_FOUND.
 *
 * @param region as in `doctorColumns`
 */
export async function findShownDoctor(
  app: Scheduling,
  doctorId: string,
  call: Call,
  region?: string,
): Promise<DoctorRow> {
  const now = app.clock.now();
  const row = await findDoctor(app.db, doctorId, now, region);
  if (!row || (row.id !== callerId(call.caller) && !isPractising(row, now))) throw new ApiError("NOT_FOUND");
  return row;
}
