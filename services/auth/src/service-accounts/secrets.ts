import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Auth } from "../app.ts";
import { revokeTokens } from "../revocations/revoke-tokens.ts";
import { hashOfSecret, newClientSecret } from "./client-secrets.ts";
import { secretProof } from "./secret-proof.ts";
import type { Secret, ServiceAccountRecord } from "./service-account.ts";
import { deleteSecrets, insertSecret } from "./service-account-store.ts";

/** Adds a secret to an account. @returns the secret, of which only the hash is stored */
export function addSecret(app: Auth, tx: Transaction, account: ServiceAccountRecord, now: Date): string {
  const secret = newClientSecret();
  const hash = hashOfSecret(secret);
  insertSecret(tx, {
    id: newId(),
    accountId: account.id,
    hash,
    proof: secretProof(app.proofs, account, hash),
    sessionId: newId(),
    createTime: now,
  });
  return secret;
}

/** Deletes secrets and revokes their access tokens. */
export function endSecrets(app: Auth, tx: Transaction, secrets: readonly Secret[], now: Date): void {
  const ids = secrets.map(({ id }) => id);
  const sessionIds = secrets.map(({ sessionId }) => sessionId);
  deleteSecrets(tx, ids);
  revokeTokens(app, tx, sessionIds, now);
}
