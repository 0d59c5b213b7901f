import { ApiError } from "../errors/api-error.ts";
import type { AuditEntry } from "./audit-entry.ts";

/** Result of a use case in its transaction. */
export interface Effect<T> {
  /** An error is thrown after the commit. */
  response: T | ApiError;
  entries: AuditEntry[];
}

/** Nothing changed, such as by a repeated transition. */
export const unchanged = <T>(response: T): Effect<T> => ({ response, entries: [] });

export const changed = <T>(response: T, ...entries: AuditEntry[]): Effect<T> & { response: T } => ({
  response,
  entries,
});

/** A failed attempt that is counted or audited: its entries are committed, then the error is thrown. */
export const failed = (error: ApiError, ...entries: AuditEntry[]): Effect<never> => ({
  response: error,
  entries,
});

/** True if anything but a failed attempt was recorded. */
export const hasChanged = ({ response, entries }: Effect<unknown>): boolean =>
  !(response instanceof ApiError) && entries.some(({ isRead }) => !isRead);
