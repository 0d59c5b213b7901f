import type { Database } from "@medconnect/platform/db/database.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { findRegion } from "../people/people-store.ts";

/** `enforced`: patients find and book only doctors with a licence for the patient's region. */
export type Jurisdiction = "off" | "enforced";

interface Enforcement {
  readonly db: Database;
  readonly jurisdiction: Jurisdiction;
}

/**
 * Region of the caller's profile, if jurisdictions are enforced; undefined if they are not, or if the region
 * is unknown.
 */
export async function profileRegion(
  { db, jurisdiction }: Enforcement,
  { caller }: Call,
): Promise<string | undefined> {
  if (jurisdiction === "off" || caller.kind !== "user") return undefined;
  return await findRegion(db, caller.userId);
}

/**
 * Region by which a search for doctors or slots filters: the requested one, or else, if jurisdictions are
 * enforced, that of the caller's profile. Undefined: the search does not filter by region. Throws
 * REGION_REQUIRED.
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

/** Region that the licence of a booking's doctor must cover; undefined if it does not matter. */
export const requiredRegion = (
  { jurisdiction }: Pick<Enforcement, "jurisdiction">,
  { patientRegion: region }: { patientRegion: string },
): string | undefined => (jurisdiction === "enforced" && region !== "" ? region : undefined);
