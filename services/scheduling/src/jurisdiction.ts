import type { Database } from "@medconnect/platform/db/database.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";

/** `enforced`: patients find and book only doctors with a licence for the patient's region. */
export type Jurisdiction = "off" | "enforced";

interface Deployment {
  readonly db: Database;
  readonly jurisdiction: Jurisdiction;
}

/**
 * The region of a caller's search for doctors or slots: the requested one, else, with enforcement, the profile's. Undefined
 * if the region does not matter. Throws REGION_REQUIRED.
 */
export async function lookedForRegion(
  { db, jurisdiction }: Deployment,
  asked: string,
  { caller }: Call,
): Promise<string | undefined> {
  if (asked !== "") return asked;
  if (jurisdiction === "off") return undefined;
  const [person] = await db.read<{ region: string }>("SELECT region FROM people WHERE user_id = ?", [
    callerId(caller),
  ]);
  if (!person?.region) throw new ApiError("REGION_REQUIRED");
  return person.region;
}

/** The region that a booking's doctor must be licensed for; undefined if it does not matter. */
export const requiredRegion = (
  { jurisdiction }: Pick<Deployment, "jurisdiction">,
  { patient_region: region }: { patient_region: string },
): string | undefined => (jurisdiction === "enforced" && region !== "" ? region : undefined);
