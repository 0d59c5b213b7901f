import { type Context, context } from "@opentelemetry/api";
import type { Outcome } from "../audit/audit-store.ts";
import type { Access } from "../audit/recorder.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import type { NewEvent } from "../outbox/event.ts";

/** Audit line of a change or read, with the events of the change. */
export interface AuditEntry {
  /** The changed resource's name, such as "bookings/{id}". */
  resource: string;
  /** Users whose data it is. */
  subjectIds: string[];
  /** Action in the audit trail; default: the method's audit name. */
  action?: string;
  outcome?: Outcome;
  /** Actor; default: the caller. */
  actorId?: string;
  /** Break-glass grant that allowed it. */
  grantId?: string;
  events?: NewEvent[];
  /** True for a read: the response shows the resource, and nothing changed. */
  isRead?: boolean;
}

/** Entries of a repeated transition or call, whose response shows as much as a read does. */
export const readEntries = (action: string, accesses: Access[]): AuditEntry[] =>
  accesses.map((access) => ({ ...access, action, isRead: true }));

/** Entries of one request, event or job. */
export interface Cause {
  entries: AuditEntry[];
  actorId: string;
  call?: Call | undefined;
  /** Context of its trace. */
  context: Context;
}

export const causeOf = (call: Call, entries: AuditEntry[]): Cause => ({
  entries,
  actorId: actorOf(call),
  call,
  context: context.active(),
});
