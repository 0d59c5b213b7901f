import type { Proofs } from "../proofs/proofs.ts";
import type { Secret } from "./service-account-store.ts";

/** Proof that auth gave the secret to this service account. */
export const secretProof = (proofs: Proofs, accountId: string, hash: Buffer): Buffer =>
  proofs.of("service_account_secrets", [accountId, hash]);

/** True if auth wrote the secret's row for this account. */
export const isGenuine = (proofs: Proofs, accountId: string, { hash, proof }: Secret): boolean =>
  proofs.accepts("service_account_secrets", proof, [accountId, hash], `service-accounts/${accountId}`);
