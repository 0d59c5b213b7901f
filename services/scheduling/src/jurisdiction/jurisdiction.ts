import type { Database } from "@medconnect/platform/db/database.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { findRegion } from "../people/people-store.ts";

/** `enforced`: patients find and book only doctors with a licence for the patient's region. */
export type Jurisdiction = "off" | "enforced";

interface Deployment {
  readonly db: Database;
  readonly jurisdiction: Jurisdiction;
}

/** With enforcement, the region of the caller's profile; undefined if unknown, or if the region does not matter. */
export async function profileRegion(
  { db, jurisdiction }: Deployment,
  { caller }: Call,
): Promise<string | undefined> {
  if (jurisdiction === "off" || caller.kind !== "user") return undefined;
  return await findRegion(db, caller.userId);
}

/**
 * The region of a caller's search for doctors or slots: the requested one, else, with enforcement, the profile's. Undefined
 * if the region does not matter. Throws REGION_REQUIRED.
 */
export async function lookedForRegion(
  deployment: Deployment,
  asked: string,
  call: Call,
): Promise<string | undefined> {
  if (asked !== "") return asked;
  const region = await profileRegion(deployment, call);
  if (region === undefined && deployment.jurisdiction === "enforced") throw new ApiError("REGION_REQUIRED");
  return region;
}

/** The region that a booking's doctor must be licensed for; undefined if it does not matter. */
export const requiredRegion = (
  { jurisdiction }: Pick<Deployment, "jurisdiction">,
  { patientRegion: region }: { patientRegion: string },
): string | undefined => (jurisdiction === "enforced" && region !== "" ? region : undefined);
