import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { Grant, GrantRow } from "./grant-store.ts";

const TABLE = "break_glass_grants";

/** Fields that the proof of a grant covers. */
const rightsOf = ({ id, adminId, patientId, endTime }: Grant): Fields => [id, adminId, patientId, endTime];

/** Adds a proof to a grant that clinical received from auth. Only clinical can compute the proof. */
export const withProof = (proofs: RowProofs, grant: Grant): GrantRow => ({
  ...grant,
  proof: proofs.of(TABLE, rightsOf(grant)),
});

/**
 * True if the proof shows that clinical wrote the row. A row that clinical did not write is logged, and
 * counted in a metric with an alert.
 */
export const isGenuine = (proofs: RowProofs, grant: GrantRow): boolean =>
  proofs.accepts(TABLE, grant.proof, rightsOf(grant), `admins/${grant.adminId}`);
