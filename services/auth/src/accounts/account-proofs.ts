import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import type { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { Account } from "./account.ts";

/**
 * Computes a keyed hash. It proves that auth made the account with this address and role, which never change.
 */
export const accountProof = (
  hash: KeyedHash,
  { id, email, role }: Pick<Account, "id" | "email" | "role">,
): Buffer => hash.of("users.account_proof", id, email, role);

/** Columns of an account that its proof covers, and the proof. */
export interface ProvenAccount extends Pick<Account, "id" | "email" | "role"> {
  /** Proof from `accountProof`; null if the account has none. */
  readonly accountProof: Buffer | null;
}

/**
 * True if auth made the account with its current address and role. Otherwise logs the account, and counts it
 * for the alert on forged rows.
 */
export function isAccountProven(
  { hash, proofs }: { hash: KeyedHash; proofs: RowProofs },
  account: ProvenAccount,
): boolean {
  if (account.accountProof?.equals(accountProof(hash, account))) return true;
  proofs.refuse("users", `users/${account.id}`);
  return false;
}

/** Computes a keyed hash. It proves that auth made the password hash for this account. */
export const passwordProof = (hash: KeyedHash, userId: string, passwordHash: string): Buffer =>
  hash.of("users.password_proof", userId, passwordHash);
