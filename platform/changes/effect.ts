import { ApiError } from "../errors/api-error.ts";
import type { AuditEntry } from "./audit-entry.ts";

/**
 * Result of a use case: its response, and the audit entries that `IdempotentCalls.apply` commits with its
 * changes.
 */
export interface Effect<T> {
  /** An ApiError (see `failed`) is thrown to the caller, but only after the commit. */
  response: T | ApiError;
  entries: AuditEntry[];
}

/** Effect of a request that changes nothing, such as cancelling a cancelled booking again. */
export const unchanged = <T>(response: T): Effect<T> => ({ response, entries: [] });

/** Effect of a change. Each entry becomes an audit line, and publishes its events. */
export const changed = <T>(response: T, ...entries: AuditEntry[]): Effect<T> & { response: T } => ({
  response,
  entries,
});

/**
 * Effect of a failed attempt that must be recorded, such as a wrong password. The use case returns it.
 * Throwing `error` instead would roll back the entries and the count of failed attempts. `apply` commits
 * them, and then throws `error` to the caller.
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

/** True if the use case succeeded and changed something: it has an audit entry that is not of a read. */
export const hasChanged = ({ response, entries }: Effect<unknown>): boolean =>
  !(response instanceof ApiError) && entries.some(({ isRead }) => !isRead);
