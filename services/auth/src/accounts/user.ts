import { etagOf } from "@medconnect/platform/api/update-mask.ts";
import { type AuditEntry, readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type { User } from "@medconnect/proto/medconnect/auth/v1/user_service.ts";
import type { Account } from "./account.ts";

/** Converts a stored account to the response, with the version as its etag. */
export function toUser({ version, ...account }: Account): User {
  return { ...account, etag: etagOf(version) };
}

/** Resource and subject of audit entries about an account. */
export const accessTo = ({ id }: Pick<Account, "id">) => ({ resource: `users/${id}`, subjectIds: [id] });

/** Audit entries of a call that shows an account without changing it. */
export const readsOf = (account: Pick<Account, "id">): AuditEntry[] =>
  readEntries("user.get", [accessTo(account)]);

export type UserEventType = "user.created" | "user.updated" | "user.disabled" | "user.enabled";

/** Event that tells scheduling and clinical the state of an account after a change. */
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
