import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type { Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import { captureEntries } from "../ledger/ledger-rules.ts";
import { insertEntries } from "../ledger/ledger-store.ts";
import { authorizedEvent, cancelledEvent } from "./payment.ts";
import { isFeeLost, nextStep } from "./payment-rules.ts";
import { type PaymentRow, savePayment } from "./payment-store.ts";

/**
 * Saves a locked payment under its next version, and books its capture. A step that it leads to is due at once (or after a pause), and is begun
 * after the commit; the time of a step that was due before stays.
 *
 * @param pauseMs how long a step that is new waits; null: for people
 * @returns the row as saved
 */
export function changePayment(
  app: Billing,
  tx: Transaction,
  before: PaymentRow,
  after: PaymentRow,
  pauseMs: number | null = 0,
): PaymentRow {
  const isCapture = before.status === "AUTHORIZED" && after.status === "CAPTURED";
  if (isCapture) insertEntries(tx, captureEntries(after), app.clock.now());
  const version = before.version + 1;
  const step = nextStep(after);
  if (step && step === nextStep(before)) return save(tx, { ...after, version });
  if (step && pauseMs === 0) tx.afterCommit(app.processSoon);
  const now = app.clock.now();
  const isTaken = step !== undefined && pauseMs !== null;
  return save(tx, {
    ...after,
    version,
    process_time: isTaken ? new Date(now.getTime() + pauseMs) : null,
    process_tries: 0,
    due_since: step ? now : null,
  });
}

function save(tx: Transaction, row: PaymentRow): PaymentRow {
  savePayment(tx, row);
  return row;
}

/** What the audit trail calls the arrival at a status. */
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

// A fee that can never be taken any more is a capture that failed: an alert watches for it.
const arrivalOf = (before: PaymentRow, after: PaymentRow): Pick<AuditEntry, "action" | "outcome"> =>
  isFeeLost(before, after) ? { action: "payment.capture", outcome: "FAILURE" } : ACTIONS[after.status];

/** The trails of a change: its status, what was decided, and who is told. */
export function entriesOf(before: PaymentRow, after: PaymentRow): AuditEntry[] {
  if (after.status !== before.status) return [entryOf(after, arrivalOf(before, after))];
  return after.feeDecision !== before.feeDecision ? [entryOf(after, { action: "payment.decide" })] : [];
}

/** An audit entry about a payment. Scheduling gets an event, unless it has decided about the money meanwhile. */
export function entryOf(row: PaymentRow, kind: Pick<AuditEntry, "action" | "outcome">): AuditEntry {
  return {
    ...kind,
    resource: `payments/${row.id}`,
    subjectIds: [row.patient_id, row.doctor_id],
    events: row.feeDecision === null ? newsOf(row) : [],
  };
}

function newsOf(row: PaymentRow): NewEvent[] {
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
