import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { ServiceAccount } from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";

export type Status = "ACTIVE" | "DISABLED";

/** An internal system's account, as stored. */
export interface ServiceAccountRecord {
  readonly id: string;
  readonly name: string;
  /** Sorted; they never change. */
  readonly scopes: string[];
  readonly status: Status;
  readonly createTime: Date;
}

/** A client secret, as stored. */
export interface Secret {
  readonly id: string;
  /** SHA-256. */
  readonly hash: Buffer;
  /** Proof that auth wrote the row, see secret-proof.ts; null if it did not. */
  readonly proof: Buffer | null;
  /** The `sid` of its access tokens. */
  readonly sessionId: string;
  /** End of a rotated secret's grace period; null for the current secret. */
  readonly expireTime: Date | null;
}

/** The account as admins see it. */
export const toServiceAccount = (account: ServiceAccountRecord): ServiceAccount => ({
  ...account,
  clientSecret: undefined,
  previousSecretExpireTime: undefined,
});

/**
 * Resource of a service account, for audit entries. It has no subject, because an internal system is not a
 * person.
 */
export const entryOf = ({ id }: Pick<ServiceAccountRecord, "id">): AuditEntry => ({
  resource: `service-accounts/${id}`,
  subjectIds: [],
});

/** One entry per scope, so that `findUnexplained` detects a scope that no admin granted. */
export const scopeEntry = ({ id }: Pick<ServiceAccountRecord, "id">, scope: string): AuditEntry => ({
  action: "client.grant_scope",
  resource: `service-accounts/${id}/scopes/${scope}`,
  subjectIds: [],
});
