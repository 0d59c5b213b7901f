import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { ServiceAccount } from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { revokeTokens } from "../revocations/revoke-tokens.ts";
import { hashOfSecret, newClientSecret } from "./client-secrets.ts";
import { secretProof } from "./secret-proof.ts";
import { type Account, deleteSecrets, insertSecret, type Secret } from "./service-account-store.ts";

/** The account as admins see it. */
export const toServiceAccount = ({ id, name, scopes, status, createTime }: Account): ServiceAccount => ({
  id,
  name,
  scopes,
  status,
  createTime,
  clientSecret: undefined,
  previousSecretExpireTime: undefined,
});

/** The accounts are of systems: no person is the subject. */
export const entryOf = ({ id }: Account): AuditEntry => ({
  resource: `service-accounts/${id}`,
  subjectIds: [],
});

/** A line for each scope, so that one that no admin gave is found (unexplained/). */
export const scopeEntry = ({ id }: Account, scope: string): AuditEntry => ({
  action: "client.grant_scope",
  resource: `service-accounts/${id}/scopes/${scope}`,
  subjectIds: [],
});

/** Gives the account a secret. @returns it; only its hash is kept */
export function giveSecret(app: Auth, tx: Transaction, account: Account, now: Date): string {
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

/** Ends secrets and their tokens. */
export function endSecrets(app: Auth, tx: Transaction, secrets: Secret[], now: Date): void {
  deleteSecrets(
    tx,
    secrets.map(({ id }) => id),
  );
  revokeTokens(
    app,
    tx,
    secrets.map(({ sessionId }) => sessionId),
    now,
  );
}
