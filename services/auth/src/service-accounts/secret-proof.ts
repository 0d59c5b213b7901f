import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { Secret, ServiceAccountRecord, StoredKey } from "./service-account.ts";

/** Service account that has a secret or key, with the scopes that tokens for it can have. */
type Owner = Pick<ServiceAccountRecord, "id" | "scopes">;

/** Computes a keyed hash. It proves that auth gave the secret to this service account, with these scopes. */
export const secretProof = (proofs: RowProofs, owner: Owner, hash: Buffer): Buffer =>
  proofs.of("service_account_secrets", fieldsOf(owner, hash));

/** True if auth wrote the secret's row and the account's scopes. */
export const isGenuine = (proofs: RowProofs, owner: Owner, { hash, proof }: Secret): boolean =>
  proofs.accepts("service_account_secrets", proof, fieldsOf(owner, hash), `service-accounts/${owner.id}`);

/** Computes a keyed hash. It proves that auth gave the key to this service account, with these scopes. */
export const keyProof = (proofs: RowProofs, owner: Owner, jwk: string): Buffer =>
  proofs.of("service_account_keys", fieldsOf(owner, jwk));

/** True if auth wrote the key's row and the account's scopes. */
export const isGenuineKey = (proofs: RowProofs, owner: Owner, { jwk, proof }: StoredKey): boolean =>
  proofs.accepts("service_account_keys", proof, fieldsOf(owner, jwk), `service-accounts/${owner.id}`);

const fieldsOf = ({ id, scopes }: Owner, credential: Buffer | string): Fields => [id, credential, ...scopes];
