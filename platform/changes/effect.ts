import { ApiError } from "../errors/api-error.ts";
import type { AuditEntry } from "./audit-entry.ts";

/**
 * Result of a use case: the response, and the audit entries. `IdempotentCalls.apply` commits the entries in
 * the same transaction as the change.
 */
export interface Effect<T> {
  /** The response, or an error that is thrown to the caller after the commit (see `failed`). */
  response: T | ApiError;
  entries: AuditEntry[];
}

/** Effect of a request that changes nothing, such as cancelling a cancelled booking again. */
export const unchanged = <T>(response: T): Effect<T> & { response: T } => ({ response, entries: [] });

/**
 * Effect of a change. Each audit entry becomes a line of the audit trail, and the events of the entry are
 * published.
 */
export const changed = <T>(response: T, ...entries: AuditEntry[]): Effect<T> & { response: T } => ({
  response,
  entries,
});

/**
 * Effect of a failed attempt that must be recorded, such as a wrong password. A use case returns this effect
 * instead of throwing `error`, because a throw would roll back the audit entries and the count of failed
 * attempts. `IdempotentCalls.apply` commits both, and then throws `error` to the caller.
 *
 * ```ts
 * return await app.calls.apply(call, async (tx) => {
 *   const isRight = await evaluateAttempt(tx, code); // counts a wrong code in the same transaction
 *   if (!isRight) return failed(new ApiError("INVALID_MFA_CODE"), { ...entry, outcome: "FAILURE" });
 *   activate(tx, userId);
 *   return changed({ recoveryCodes }, entry);
 * });
 * ```
 */
export const failed = (error: ApiError, ...entries: AuditEntry[]): Effect<never> => ({
  response: error,
  entries,
});

/** True if the use case succeeded and changed something: it has an audit entry that is not a read. */
export const hasChanged = ({ response, entries }: Effect<unknown>): boolean =>
  !(response instanceof ApiError) && entries.some(({ isRead }) => !isRead);
