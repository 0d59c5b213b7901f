import type { Database } from "@medconnect/platform/db/database.ts";
import { findUndelivered } from "@medconnect/platform/outbox/outbox-store.ts";
import type { PaymentSnapshot } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { ConsultationSnapshot } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { feeOf } from "../money/fee.ts";
import { type Disagreement, evaluate, type ReconciledBooking } from "./reconciliation-rules.ts";
import { type ComparedRow, findVersions } from "./reconciliation-store.ts";
import type { Snapshots } from "./snapshots.ts";

/** A booking that something disagrees with, and what it was compared with. */
export interface Disputed {
  row: ComparedRow;
  payment: PaymentSnapshot | undefined;
  consultation: ConsultationSnapshot | undefined;
  disagreements: Disagreement[];
  /** An event of it was refused too often: it is for people to see why, and to replay it, before more are sent. */
  hasDeadEvents: boolean;
}

export interface Comparison {
  disputed: Disputed[];
  /** Those that cannot be judged yet, as an event is on its way between the services. */
  inFlight: ComparedRow[];
}

/**
 * Compares bookings with their payments and consultations. What it finds is so, however much goes on meanwhile, by the
 * order of its questions:
 *
 * 1. The outboxes are read after what they tell of: a change that was seen was either applied everywhere, or is seen
 *    to be in flight.
 * 2. Payments are read before consultations: an end that has reached the payment is seen at the consultation.
 * 3. The bookings' versions are read last: what changed a booking meanwhile is left to the next look.
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
  return { ...comparison, disputed: await stillAsSeen(db, comparison.disputed) };
}

async function stillAsSeen(db: Database, disputed: Disputed[]): Promise<Disputed[]> {
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
  started: row.started === 1,
  fee: feeOf(row),
  feeDecision: row.feeDecision,
  movePending: row.movePending === 1,
  closed: row.closeOutcome !== null,
});
