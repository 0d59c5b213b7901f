import type { AuditEntry } from "@medconnect/platform/changes/changes.ts";

export const keyEntry = (action: string, kid: string): AuditEntry => ({
  action,
  resource: `keys/${kid}`,
  subjectIds: [],
});
