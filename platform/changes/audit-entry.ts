import { type Context, context } from "@opentelemetry/api";
import type { Outcome } from "../audit/audit-store.ts";
import type { Access } from "../audit/recorder.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import type { NewEvent } from "../outbox/event.ts";

/** Audit line of a change or read, and the events that the change publishes. */
export interface AuditEntry {
  /** Name of the resource, such as "bookings/{id}". */
  resource: string;
  /** Ids of the users whose data was changed or shown. */
  subjectIds: string[];
  /**
   * Action in the audit trail, such as "booking.cancel"; default: the action that the proto gives for the
   * method.
   */
  action?: string;
  outcome?: Outcome;
  /** Id of the actor; default: the caller. */
  actorId?: string;
  /** Id of the break-glass grant that allowed the access. */
  grantId?: string;
  events?: NewEvent[];
  /** True if the response only showed the resource and nothing changed. */
  isRead?: boolean;
}

/**
 * Makes the audit entries for a repeated call that changes nothing. The call is audited as a read, because
 * the response shows data.
 */
export const readEntries = (action: string, accesses: Access[]): AuditEntry[] =>
  accesses.map((access) => ({ ...access, action, isRead: true }));

/** Audit entries with their common cause: one request, event or job. */
export interface Cause {
  entries: AuditEntry[];
  actorId: string;
  call?: Call | undefined;
  /** OpenTelemetry context of the request, event or job. */
  context: Context;
}

export const causeOf = (call: Call, entries: AuditEntry[]): Cause => ({
  entries,
  actorId: actorOf(call),
  call,
  context: context.active(),
});
