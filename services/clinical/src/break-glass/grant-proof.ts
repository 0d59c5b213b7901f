import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { Grant, GrantRow } from "./grant-store.ts";

const TABLE = "break_glass_grants";

/** Fields that the proof of a grant covers. */
const rightsOf = ({ id, adminId, patientId, endTime }: Grant): Fields => [id, adminId, patientId, endTime];

/** The grant with its proof that clinical received it from auth. */
export const withProof = (proofs: RowProofs, grant: Grant): GrantRow => ({
  ...grant,
  proof: proofs.of(TABLE, rightsOf(grant)),
});

/** True if clinical wrote the grant. Otherwise logs it, and counts it for the alert. */
export const isGenuine = (proofs: RowProofs, grant: GrantRow): boolean =>
  proofs.accepts(TABLE, grant.proof, rightsOf(grant), `admins/${grant.adminId}`);
