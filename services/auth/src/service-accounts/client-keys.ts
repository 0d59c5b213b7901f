import { type AsymmetricKeyDetails, createPublicKey, type JsonWebKey } from "node:crypto";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { ClientKey } from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { revokeTokens } from "../revocations/revoke-tokens.ts";
import { violationsOfKeys } from "./client-key-rules.ts";
import { deleteKeys, insertKey } from "./client-key-store.ts";
import { keyProof } from "./secret-proof.ts";
import type { ServiceAccountRecord, StoredKey } from "./service-account.ts";

const MIN_RSA_BITS = 2048;
/** Larger keys would make each verification slow. */
const MAX_RSA_BITS = 4096;

/**
 * Throws INVALID_REQUEST for keys that cannot verify signatures: members that do not fit the type, a point that
 * is not on the curve, or an RSA key of a wrong size or with weak parameters.
 *
 * @param path of the list in the request, such as "jwks.keys"
 */
export function assertUsable(keys: readonly ClientKey[], path: string): void {
  const violations = violationsOfKeys(keys, path);
  if (violations.length > 0) throw new ApiError("INVALID_REQUEST", { violations });
  for (const [index, key] of keys.entries()) {
    if (!isUsable(key)) {
      throw invalidField(
        `${path}[${index}]`,
        `is not a safe public key: a point of the curve, or RSA with ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits and an exponent of 65537 (AQAB) or more`,
      );
    }
  }
}

function isUsable(key: ClientKey): boolean {
  try {
    const { asymmetricKeyDetails } = createPublicKey({
      key: JSON.parse(jwkOf(key)) as JsonWebKey,
      format: "jwk",
    });
    return key.kty !== "RSA" || isSafeRsa(key, asymmetricKeyDetails);
  } catch {
    return false;
  }
}

/** Checks the size, and the parameters as FIPS 186-5 §A.1.1 wants them: with an exponent of 1, anybody can sign. */
function isSafeRsa({ n = "" }: ClientKey, details: AsymmetricKeyDetails = {}): boolean {
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = details;
  const isOdd = ((Buffer.from(n, "base64url").at(-1) ?? 0) & 1) === 1;
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && isOdd && exponent >= 65_537n && exponent % 2n === 1n;
}

/** The key as JSON, with the members that are set. */
export const jwkOf = (key: ClientKey): string => JSON.stringify(key);

/** Adds keys to an account. */
export function addKeys(
  app: Auth,
  tx: Transaction,
  account: ServiceAccountRecord,
  keys: readonly ClientKey[],
  now: Date,
): void {
  for (const key of keys) {
    const jwk = jwkOf(key);
    const proof = keyProof(app.proofs, account, jwk);
    insertKey(tx, account.id, { kid: key.kid, jwk, proof, sessionId: newId(), createTime: now });
  }
}

/** Deletes keys and revokes their access tokens. */
export function endKeys(
  app: Auth,
  tx: Transaction,
  accountId: string,
  keys: readonly StoredKey[],
  now: Date,
): void {
  const kids = keys.map(({ kid }) => kid);
  const sessionIds = keys.map(({ sessionId }) => sessionId);
  deleteKeys(tx, accountId, kids);
  revokeTokens(app, tx, sessionIds, now);
}
