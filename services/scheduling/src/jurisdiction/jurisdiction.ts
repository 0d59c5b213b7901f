import type { Database } from "@medconnect/platform/db/database.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { findRegion } from "../people/people-store.ts";

/**
 * Values of the setting JURISDICTION. With `enforced`, patients find and book only doctors with a licence for
 * the patient's region.
 */
export type Jurisdiction = "off" | "enforced";

interface Enforcement {
  readonly db: Database;
  readonly jurisdiction: Jurisdiction;
}

/**
 * Reads the region in the caller's profile. Returns undefined if the region is unknown, the caller is not a
 * user, or JURISDICTION is off.
 */
export async function profileRegion(
  { db, jurisdiction }: Enforcement,
  { caller }: Call,
): Promise<string | undefined> {
  if (jurisdiction === "off" || caller.kind !== "user") return undefined;
  return await findRegion(db, caller.userId);
}

/**
 * Returns the region by which a search for doctors or slots filters. That is the requested region or, without
 * a request and with JURISDICTION=enforced, the region in the caller's profile. Throws REGION_REQUIRED if
 * that region is unknown. Undefined means that the search does not filter by region.
 */
export async function searchRegion(
  enforcement: Enforcement,
  requested: string,
  call: Call,
): Promise<string | undefined> {
  if (requested !== "") return requested;
  const region = await profileRegion(enforcement, call);
  if (region === undefined && enforcement.jurisdiction === "enforced") throw new ApiError("REGION_REQUIRED");
  return region;
}

/** Region that the licence of a booking's doctor must cover; undefined if the region does not matter. */
export const requiredRegion = (
  { jurisdiction }: Pick<Enforcement, "jurisdiction">,
  { patientRegion: region }: { patientRegion: string },
): string | undefined => (jurisdiction === "enforced" && region !== "" ? region : undefined);
