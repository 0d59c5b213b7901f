import { passwordProof } from "../accounts/account-proofs.ts";
import type { Auth } from "../app.ts";
import type { Credentials } from "./credential-store.ts";

/**
 * True if the password matches and auth wrote the hash. Logs a hash that auth did not write, and counts it
 * for the alert on forged rows. For an unknown account, returns false after the same time.
 *
 * @param deadline ms since the epoch
 */
export async function verifyPassword(
  { hasher, hash, proofs }: Auth,
  credentials: Credentials | undefined,
  password: string,
  deadline: number,
): Promise<boolean> {
  const matches = await hasher.verify(credentials?.passwordHash, password, deadline);
  if (!matches || !credentials) return false;
  const { userId, passwordHash } = credentials;
  if (credentials.passwordProof?.equals(passwordProof(hash, userId, passwordHash))) return true;
  proofs.refuse("users", `users/${userId}`);
  return false;
}
