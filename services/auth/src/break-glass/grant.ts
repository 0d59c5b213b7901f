import { type AuditEntry, readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { BreakGlassGrant } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import { type GrantTimes, statusAt } from "./grant-rules.ts";

/** An admin's right to read one patient's clinical records until `expireTime`. */
export interface Grant extends GrantTimes {
  readonly id: string;
  readonly adminId: string;
  readonly patientId: string;
  /** Reason of the access, encrypted. */
  readonly reason: Buffer;
  readonly createTime: Date;
}

type Owned = Pick<Grant, "id" | "adminId" | "patientId">;

/**
 * Encryption context of a grant's reason. It binds the encrypted reason to the grant, the admin and the
 * patient.
 */
export const reasonContext = ({ id, adminId, patientId }: Owned): string =>
  `break_glass_grants.reason:${id}:${adminId}:${patientId}`;

/** Decrypts a grant's reason. Throws RECORD_ALTERED if it was not encrypted for this grant. */
export const reasonOf = (grant: Owned & Pick<Grant, "reason">, cipher: FieldCipher): string =>
  cipher.decrypt(reasonContext(grant), grant.reason).toString();

/** Converts a stored grant to the response, with its decrypted reason and current status. */
export const toBreakGlassGrant = (grant: Grant, now: Date, cipher: FieldCipher): BreakGlassGrant => ({
  ...grant,
  reason: reasonOf(grant, cipher),
  status: statusAt(grant, now),
  revokeTime: grant.revokeTime ?? undefined,
});

/**
 * Resource and subject of audit entries about a grant. The subject is the patient, so the patient's access
 * log shows the entries.
 */
export const accessTo = ({ id, patientId }: Pick<Grant, "id" | "patientId">) => ({
  resource: `break-glass/${id}`,
  subjectIds: [patientId],
});

/** Audit entries of a call that shows a grant without changing it. */
export const readsOf = (grant: Pick<Grant, "id" | "patientId">): AuditEntry[] =>
  readEntries("break_glass.get", [accessTo(grant)]);

/**
 * Audit entry of a new or revoked grant, with its event. A grant changes at most once: it has version 1 when
 * it is created, and version 2 when it is revoked.
 */
export const grantEntry = (type: "granted" | "revoked", grant: Grant): AuditEntry => ({
  ...accessTo(grant),
  grantId: grant.id,
  events: [
    {
      type: `break_glass.${type}`,
      aggregateId: grant.id,
      version: type === "granted" ? 1 : 2,
      state: {
        $case: "breakGlass",
        value: {
          adminId: grant.adminId,
          patientId: grant.patientId,
          endTime: grant.revokeTime ?? grant.expireTime,
        },
      },
    },
  ],
});
