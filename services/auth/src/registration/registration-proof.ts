import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { Registration, RegistrationLink } from "./registration-store.ts";

/** Content of a link's proof: the account that it creates, and the address. */
type Linked = Pick<Registration, "id" | "email" | "role"> & Omit<RegistrationLink, "proof">;

/** Proof that auth mailed the link to the address of this registration. */
export const registrationProof = (proofs: RowProofs, linked: Linked): Buffer =>
  proofs.of("registrations", fieldsOf(linked));

/** True if auth wrote the registration in its current form; its owner may change the name, and the password must match. */
export const isGenuine = (proofs: RowProofs, linked: Linked & Pick<RegistrationLink, "proof">): boolean =>
  proofs.accepts("registrations", linked.proof, fieldsOf(linked), `registrations/${linked.id}`);

const fieldsOf = ({ tokenHash, expireTime, id, email, role }: Linked): Fields => [
  tokenHash,
  expireTime,
  id,
  email,
  role,
];
