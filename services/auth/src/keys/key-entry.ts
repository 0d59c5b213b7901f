import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";

/** Audit entry of a change of a signing key, such as "key.rotate". */
export const keyEntry = (action: string, kid: string): AuditEntry => ({
  action,
  resource: `keys/${kid}`,
  subjectIds: [],
});
