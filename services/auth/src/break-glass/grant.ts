import { type AuditEntry, readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { BreakGlassGrant } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import { statusAt } from "./grant-rules.ts";
import type { Grant } from "./grant-store.ts";

type Owned = Pick<Grant, "id" | "adminId" | "patientId">;

/** Where a grant's sealed text lies, and whose it is. */
export const reasonContext = ({ id, adminId, patientId }: Owned): string =>
  `break_glass_grants.reason:${id}:${adminId}:${patientId}`;

/** Why a grant was given. */
export const reasonOf = (grant: Owned & Pick<Grant, "reason">, cipher: FieldCipher): string =>
  cipher.decrypt(reasonContext(grant), grant.reason).toString();

/** The grant as admins see it. */
export const toBreakGlassGrant = (grant: Grant, now: Date, cipher: FieldCipher): BreakGlassGrant => ({
  ...grant,
  reason: reasonOf(grant, cipher),
  status: statusAt(grant, now),
  revokeTime: grant.revokeTime ?? undefined,
});

/** The line in the audit trail, and in the patient's access log. */
export const accessTo = ({ id, patientId }: Pick<Grant, "id" | "patientId">) => ({
  resource: `break-glass/${id}`,
  subjectIds: [patientId],
});

/** What a call leaves in the audit trail that changes nothing of a grant, but shows it. */
export const readsOf = (grant: Pick<Grant, "id" | "patientId">): AuditEntry[] =>
  readEntries("break_glass.get", [accessTo(grant)]);

/** What is told of a grant that was given or revoked. A grant changes once, so that is its version. */
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
