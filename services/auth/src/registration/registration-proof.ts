import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { Registration, RegistrationLink } from "./registration-store.ts";

/** Columns of a registration that its proof covers. */
type Linked = Pick<Registration, "id" | "email" | "role"> & Omit<RegistrationLink, "proof">;

/** Computes a keyed hash. It proves that auth mailed the link to the address of this registration. */
export const registrationProof = (proofs: RowProofs, linked: Linked): Buffer =>
  proofs.of("registrations", fieldsOf(linked));

/**
 * True if auth wrote the columns that the proof covers. Two columns are not covered: the name, because it
 * gives no rights, and the password hash, because `verifyEmail` checks the password itself.
 */
export const isGenuine = (proofs: RowProofs, linked: Linked & Pick<RegistrationLink, "proof">): boolean =>
  proofs.accepts("registrations", linked.proof, fieldsOf(linked), `registrations/${linked.id}`);

const fieldsOf = ({ tokenHash, expireTime, id, email, role }: Linked): Fields => [
  tokenHash,
  expireTime,
  id,
  email,
  role,
];
