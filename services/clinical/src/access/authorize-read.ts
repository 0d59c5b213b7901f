import type { Access } from "@medconnect/platform/audit/recorder.ts";
import { ApiError, hiddenFrom, invalidField } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { Clinical } from "../app.ts";
import { isGenuine } from "../break-glass/grant-proof.ts";
import { findLiveGrants } from "../break-glass/grant-store.ts";
import { isOwn, type Parties, type Scope } from "./parties.ts";

/**
 * Right to read a record. An admin needs a break-glass grant, and the audit trail records the id of this
 * grant. The patient and the doctor of the record need no grant.
 */
export interface ReadRight {
  grantId?: string;
}

/**
 * Authorizes a caller to read a record: as the record's patient or doctor, or as an admin with a break-glass
 * grant for the patient. Throws NOT_FOUND. Admins without a grant get BREAK_GLASS_REQUIRED, whether or not
 * the record exists.
 *
 * @param record undefined for an unknown id
 */
export async function authorizeRead<Row extends Parties>(
  app: Clinical,
  call: Call,
  record: Row | undefined,
  resource: string,
): Promise<ReadRight & { record: Row }> {
  const user = userOf(call);
  if (!record) throw new ApiError(user.role === "ADMIN" ? "BREAK_GLASS_REQUIRED" : "NOT_FOUND");
  if (user.role === "ADMIN") {
    return { record, ...(await grantFor(app, user.userId, record.patientId, resource)) };
  }
  if (!isOwn(user, record)) throw hiddenFrom(resource, record.patientId);
  return { record };
}

/**
 * Returns the scope of a list: the records of the calling patient or doctor, or, for an admin, the records of
 * the patient for whom the admin has a break-glass grant. Throws BREAK_GLASS_REQUIRED, and INVALID_REQUEST
 * for an admin's request without a patient.
 */
export async function authorizeList(
  app: Clinical,
  call: Call,
  patientId: string,
  resource: string,
): Promise<ReadRight & { scope: Scope }> {
  const { role, userId } = userOf(call);
  switch (role) {
    case "PATIENT":
      return { scope: { patientId: userId } };
    case "DOCTOR":
      return { scope: { doctorId: userId } };
    case "ADMIN":
      if (patientId === "") throw invalidField("patient_id", "must be given by an admin");
      return { scope: { patientId }, ...(await grantFor(app, userId, patientId, resource)) };
  }
}

/**
 * Audit entries for the read of a list, one for each record. If an admin reads an empty list with a grant,
 * one entry is added, because even an empty list reveals something about the patient.
 */
export function accessesTo(found: Access[], right: ReadRight, patientId: string, resource: string): Access[] {
  const accesses = found.length === 0 && right.grantId ? [{ resource, subjectIds: [patientId] }] : found;
  return accesses.map((access) => ({ ...access, ...right }));
}

async function grantFor(
  app: Clinical,
  adminId: string,
  patientId: string,
  resource: string,
): Promise<Required<ReadRight>> {
  const found = await findLiveGrants(app.db, adminId, patientId, app.clock.now());
  const grant = found.find((row) => isGenuine(app.proofs, row));
  if (!grant) throw new ApiError("BREAK_GLASS_REQUIRED", { hidden: { resource, subjectIds: [patientId] } });
  return { grantId: grant.id };
}
