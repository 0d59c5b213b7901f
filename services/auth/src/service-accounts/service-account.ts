import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import {
  ClientKey,
  type ServiceAccount,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";

export type Status = "ACTIVE" | "DISABLED";

/** An internal system's account, as stored. */
export interface ServiceAccountRecord {
  readonly id: string;
  readonly name: string;
  /** Names of the scopes, sorted. They never change. */
  readonly scopes: string[];
  readonly status: Status;
  readonly createTime: Date;
}

/** A client secret, as stored. */
export interface Secret {
  readonly id: string;
  /** SHA-256 of the secret. */
  readonly hash: Buffer;
  /** Proof (a keyed hash) that auth wrote the row, see secret-proof.ts. Null if the row has none. */
  readonly proof: Buffer | null;
  /** The `sid` claim of the access tokens that are issued for the secret. */
  readonly sessionId: string;
  /** End of a rotated secret's grace period; null for the current secret. */
  readonly expireTime: Date | null;
}

/** A public key of a client, as stored. */
export interface StoredKey {
  /** Id of the key; no other key of the account has it. */
  readonly kid: string;
  /** The key as JSON Web Key (RFC 7517), without private members. */
  readonly jwk: string;
  /** Proof (a keyed hash) that auth wrote the row, see secret-proof.ts. Null if the row has none. */
  readonly proof: Buffer | null;
  /** The `sid` claim of the access tokens that are issued for the key. */
  readonly sessionId: string;
  readonly expireTime?: undefined;
}

/** Converts a stored account to the response, without the secret. */
export const toServiceAccount = (
  account: ServiceAccountRecord,
  keys: readonly Pick<StoredKey, "jwk">[] = [],
): ServiceAccount => ({
  ...account,
  clientSecret: undefined,
  previousSecretExpireTime: undefined,
  jwks: keys.length > 0 ? { keys: keys.map(({ jwk }) => ClientKey.fromPartial(JSON.parse(jwk))) } : undefined,
});

/**
 * Audit entry about a service account. The entry has no subject, because an internal system is not a person.
 */
export const entryOf = ({ id }: Pick<ServiceAccountRecord, "id">): AuditEntry => ({
  resource: `service-accounts/${id}`,
  subjectIds: [],
});

/**
 * Audit entry for one scope of a new account. Each scope has its own entry, so that `findUnexplained` detects
 * a scope that no admin granted.
 */
export const scopeEntry = ({ id }: Pick<ServiceAccountRecord, "id">, scope: string): AuditEntry => ({
  action: "client.grant_scope",
  resource: `service-accounts/${id}/scopes/${scope}`,
  subjectIds: [],
});
