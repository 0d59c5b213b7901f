import type { Database } from "@medconnect/platform/db/database.ts";
import { findUndelivered } from "@medconnect/platform/outbox/outbox-store.ts";
import type { PaymentSnapshot } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { ConsultationSnapshot } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { feeOf } from "../money/fee.ts";
import type { Disagreement, ReconciledBooking } from "./disagreement.ts";
import { evaluate } from "./reconciliation-rules.ts";
import { type ComparedRow, findVersions } from "./reconciliation-store.ts";
import type { Snapshots } from "./snapshots.ts";

/** A booking with disagreements, and the snapshots that it was compared with. */
export interface Disputed {
  row: ComparedRow;
  payment: PaymentSnapshot | undefined;
  consultation: ConsultationSnapshot | undefined;
  disagreements: Disagreement[];
  /**
   * True if an event of the booking is dead, because all retries of its delivery failed. A person must replay
   * this event before scheduling sends more events of the booking.
   */
  hasDeadEvents: boolean;
}

export interface Comparison {
  disputed: Disputed[];
  /** Bookings that cannot be compared yet, because an event is in flight between the services. */
  inFlight: ComparedRow[];
}

/**
 * Compares bookings with their payments and consultations. The order of the reads keeps the result correct
 * while everything changes:
 *
 * 1. Each service's outbox is read after the rows that its events describe. If the rows show a change, either
 *    the receivers have applied the event of the change, or the outbox shows that the event is in flight.
 * 2. Payments are read before consultations. If the end of a consultation had already changed the payment,
 *    that end is read, too.
 * 3. The bookings' versions are read last. A booking that changed since it was first read is left to the next
 *    run.
 */
export async function compareBookings(
  db: Database,
  snapshots: Snapshots,
  rows: ComparedRow[],
  now: Date,
): Promise<Comparison> {
  const undelivered = await db.transaction((tx) =>
    findUndelivered(
      tx,
      rows.map(({ id }) => id),
    ),
  );
  const payments = await snapshots.payments(
    rows.map((row) => row.paymentId).filter((id): id is string => id !== null),
  );
  const consultations = await snapshots.consultations(rows.map((row) => row.consultationId));

  const comparison: Comparison = { disputed: [], inFlight: [] };
  for (const row of rows) {
    const payment = row.paymentId === null ? undefined : payments.get(row.paymentId);
    const consultation = consultations.get(row.consultationId);
    const state = undelivered.get(row.id);
    if (state === "WAITING" || payment?.inFlight || consultation?.inFlight) {
      comparison.inFlight.push(row);
      continue;
    }
    const disagreements = evaluate(toReconciled(row), payment, consultation, now);
    if (disagreements.length === 0) continue;
    comparison.disputed.push({ row, payment, consultation, disagreements, hasDeadEvents: state === "DEAD" });
  }
  return { ...comparison, disputed: await unchangedSince(db, comparison.disputed) };
}

async function unchangedSince(db: Database, disputed: Disputed[]): Promise<Disputed[]> {
  if (disputed.length === 0) return [];
  const versions = await db.transaction((tx) =>
    findVersions(
      tx,
      disputed.map(({ row }) => row.id),
    ),
  );
  return disputed.filter(({ row }) => versions.get(row.id) === row.version);
}

const toReconciled = (row: ComparedRow): ReconciledBooking => ({
  id: row.id,
  consultationId: row.consultationId,
  paymentId: row.paymentId,
  status: row.status,
  startTime: row.startTime,
  endTime: row.endTime,
  started: row.started,
  fee: feeOf(row),
  feeDecision: row.feeDecision,
  movePending: row.movePending,
  closed: row.closeOutcome !== null,
});
