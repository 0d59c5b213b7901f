import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";

export const keyEntry = (action: string, kid: string): AuditEntry => ({
  action,
  resource: `keys/${kid}`,
  subjectIds: [],
});
