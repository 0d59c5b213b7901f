import { etagOf } from "@medconnect/platform/api/update-mask.ts";
import { type AuditEntry, readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Account } from "./account.ts";

/** The account as clients see it. */
export function toUser({ version, ...account }: Account): User {
  return { ...account, etag: etagOf(version) };
}

/** The line in the audit trail of who saw or changed an account. */
export const accessTo = ({ id }: Pick<Account, "id">) => ({ resource: `users/${id}`, subjectIds: [id] });

/** What a call leaves in the audit trail that changes nothing of an account, but shows it. */
export const readsOf = (account: Pick<Account, "id">): AuditEntry[] =>
  readEntries("user.get", [accessTo(account)]);

export type UserEventType = "user.created" | "user.updated" | "user.disabled" | "user.enabled";

/** The account after a change, as scheduling and clinical are told of it. */
export const userEvent = (type: UserEventType, account: Account): NewEvent => ({
  type,
  aggregateId: account.id,
  version: account.version,
  state: {
    $case: "user",
    value: {
      fullName: account.fullName,
      role: account.role,
      disabled: account.status === "DISABLED",
      region: account.region,
    },
  },
});
