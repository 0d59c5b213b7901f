import { ApiError } from "../errors/api-error.ts";
import type { AuditEntry } from "./audit-entry.ts";

/** Response of a use case, and the entries to commit with it. */
export interface Effect<T> {
  /** An error is thrown after the commit. */
  response: T | ApiError;
  entries: AuditEntry[];
}

/** An effect that changes nothing, such as a repeated transition. */
export const unchanged = <T>(response: T): Effect<T> => ({ response, entries: [] });

export const changed = <T>(response: T, ...entries: AuditEntry[]): Effect<T> & { response: T } => ({
  response,
  entries,
});

/** A failed attempt with an audit line, such as a wrong password. Commits the entries, then throws. */
export const failed = (error: ApiError, ...entries: AuditEntry[]): Effect<never> => ({
  response: error,
  entries,
});

/** True if the use case succeeded and changed something. */
export const hasChanged = ({ response, entries }: Effect<unknown>): boolean =>
  !(response instanceof ApiError) && entries.some(({ isRead }) => !isRead);
