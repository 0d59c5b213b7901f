import type { Doctor } from "../doctor.ts";
import type { Registrar } from "../registrar.ts";
import type { Schemas } from "./schemas.ts";

/**
 * Finds lost writes: licences without the status that the service last confirmed to its client, and confirmed
 * prescriptions that do not exist.
 */
export async function unacknowledgedLicenses(
  schemas: Schemas,
  { decisions }: Registrar,
  doctors: readonly Doctor[],
): Promise<string[]> {
  const licenses = await schemas.rows("SELECT l.id, l.status FROM scheduling.licenses l");
  const statuses = new Map(licenses.map(({ id, status }) => [id, status]));
  const undone = [...decisions].filter(([id, decision]) => statuses.get(id) !== decision);
  const prescriptions = await schemas.rows("SELECT p.id FROM clinical.prescriptions p");
  const known = new Set(prescriptions.map(({ id }) => id));
  const lost = doctors.flatMap((doctor) => [...doctor.prescriptions].filter((id) => !known.has(id)));
  return [
    ...undone.map(([id, decision]) => `licence ${id} was ${decision} and is ${statuses.get(id)}`),
    ...lost.map((id) => `acknowledged prescription ${id} is lost`),
  ];
}
