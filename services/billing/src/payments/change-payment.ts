import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type { Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import { captureEntries } from "../ledger/ledger-rules.ts";
import { bookMovement } from "../ledger/ledger-store.ts";
import { authorizedEvent, cancelledEvent, type PaymentRow } from "./payment.ts";
import { isFeeLost, nextStep } from "./payment-rules.ts";
import { savePayment } from "./payment-store.ts";

/**
 * Saves a locked payment with its next version number, and books a capture in the ledger. Schedules a new
 * processing step, and runs it right after the commit if `pauseMs` is 0. A step that was already pending
 * keeps its schedule.
 *
 * @param pauseMs delay of a new step; null: no retry, an admin has to act
 * @returns the row as saved
 */
export function changePayment(
  app: Billing,
  tx: Transaction,
  before: PaymentRow,
  after: PaymentRow,
  pauseMs: number | null = 0,
): PaymentRow {
  const now = app.businessClock.now();
  const isCapture = before.status === "AUTHORIZED" && after.status === "CAPTURED";
  if (isCapture) bookMovement(tx, captureEntries(after), now);
  const saved = { ...after, ...scheduleOf(before, after, now, pauseMs), version: before.version + 1 };
  savePayment(tx, saved);
  if (isStepNew(before, after) && pauseMs === 0) tx.afterCommit(app.processSoon);
  return saved;
}

function isStepNew(before: PaymentRow, after: PaymentRow): boolean {
  const step = nextStep(after);
  return step !== undefined && step !== nextStep(before);
}

function scheduleOf(
  before: PaymentRow,
  after: PaymentRow,
  now: Date,
  pauseMs: number | null,
): Pick<PaymentRow, "processTime" | "processTries" | "dueSince"> {
  if (nextStep(after) === undefined) return { processTime: null, processTries: 0, dueSince: null };
  const { processTime: dueTime, processTries, dueSince } = after;
  if (!isStepNew(before, after)) return { processTime: dueTime, processTries, dueSince };
  const processTime = pauseMs === null ? null : new Date(now.getTime() + pauseMs);
  return { processTime, processTries: 0, dueSince: now };
}

/** Audit action by the status that a payment reaches. */
const ACTIONS: Record<Payment_Status, Pick<AuditEntry, "action" | "outcome">> = {
  STATUS_UNSPECIFIED: {},
  REQUIRES_AUTHORIZATION: { action: "payment.authorize", outcome: "FAILURE" },
  PROCESSING: { action: "payment.attempt" },
  AUTHORIZED: { action: "payment.authorize" },
  CAPTURED: { action: "payment.capture" },
  PARTIALLY_REFUNDED: { action: "payment.refund" },
  REFUNDED: { action: "payment.refund" },
  VOIDED: { action: "payment.void" },
  CANCELLED: { action: "payment.cancel" },
};

// The alert FeeLost counts audit entries of failed captures, so a lost fee gets such an entry.
const arrivalOf = (before: PaymentRow, after: PaymentRow): Pick<AuditEntry, "action" | "outcome"> =>
  isFeeLost(before, after) ? { action: "payment.capture", outcome: "FAILURE" } : ACTIONS[after.status];

/** Audit entry of a new status or fee decision; none for any other change. */
export function entriesOf(before: PaymentRow, after: PaymentRow): AuditEntry[] {
  if (after.status !== before.status) return [entryOf(after, arrivalOf(before, after))];
  return after.feeDecision !== before.feeDecision ? [entryOf(after, { action: "payment.decide" })] : [];
}

/** Audit entry, with an event for scheduling. Once the fee is decided, no event is sent. */
export const entryOf = (row: PaymentRow, kind: Pick<AuditEntry, "action" | "outcome">): AuditEntry => ({
  ...kind,
  resource: `payments/${row.id}`,
  subjectIds: [row.patientId, row.doctorId],
  events: row.feeDecision === null ? eventsOf(row) : [],
});

function eventsOf(row: PaymentRow): NewEvent[] {
  switch (row.status) {
    case "AUTHORIZED":
      return [authorizedEvent(row)];
    case "CANCELLED":
    case "VOIDED":
      return [cancelledEvent(row)];
    default:
      return [];
  }
}
