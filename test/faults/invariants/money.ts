import type { Rule } from "./schemas.ts";

const BOOKING_AND_PAYMENT = `scheduling.bookings b LEFT JOIN billing.payments p ON p.booking_id = b.id`;
const RETURNED = "('CANCELLED', 'VOIDED', 'REFUNDED')";
/** Statuses of a payment that was captured, even if it was later refunded in part or in full. */
const TAKEN = "('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')";

/**
 * Decision on a booking's fee that follows from the policy. NULL before the booking ends.
 *
 * - It is computed from the history, not from the services' decisions.
 * - If a booking was cancelled while its consultation ended, one of the two is enough to release the fee.
 * - The cancellation cut-off is 24 h, the default of CANCEL_CUTOFF.
 * - While a rescheduling awaits the patient's acceptance, the patient can cancel free of charge.
 * - An admin who closes a booking decides freely, so the stored decision is used.
 */
const DECISION = `CASE
  WHEN a.resource IS NOT NULL THEN b.fee_decision
  WHEN b.status = 'EXPIRED' OR (c.status <=> 'ABANDONED' AND c.transitioned_by = 'DOCTOR')
    OR (c.status <=> 'NO_SHOW' AND c.no_show_party <> 'PATIENT')
    OR (c.status <=> 'COMPLETED' AND c.late_party <=> 'DOCTOR') THEN 'RELEASE'
  WHEN b.status = 'CANCELLED' AND NOT (b.cancelled_by <=> 'PATIENT' AND k.resource IS NOT NULL
    AND b.cancel_time > b.start_time - INTERVAL 24 HOUR AND NOT b.move_pending) THEN 'RELEASE'
  WHEN b.status NOT IN ('PENDING_PAYMENT', 'CONFIRMED') THEN 'CHARGE' END`;
const CONFIRMED_ONCE =
  "(SELECT DISTINCT resource FROM scheduling.audit_events WHERE action = 'booking.confirm' AND outcome = 'SUCCESS')";
const CLOSED_BY_ADMIN =
  "(SELECT resource FROM scheduling.audit_events WHERE action = 'booking.close' AND outcome = 'SUCCESS')";
const BOOKING_AND_ALL = `${BOOKING_AND_PAYMENT} LEFT JOIN clinical.consultations c ON c.id = b.consultation_id
  LEFT JOIN ${CONFIRMED_ONCE} k ON k.resource = CONCAT('bookings/', BIN_TO_UUID(b.id))
  LEFT JOIN ${CLOSED_BY_ADMIN} a ON a.resource = CONCAT('bookings/', BIN_TO_UUID(b.id))`;
const PAYMENT_STANDS = "p.id AS payment, p.status AS payment_status, c.status AS consultation";

/** Invariants of payments that must hold once all events and payments are processed. */
export const MONEY: readonly Rule[] = [
  {
    name: "a confirmed booking is not paid",
    sql: `SELECT b.id, p.status FROM ${BOOKING_AND_PAYMENT} WHERE b.status = 'CONFIRMED' AND b.fee_minor > 0
      AND NOT (p.id <=> b.payment_id AND p.status IN ('AUTHORIZED', 'CAPTURED') AND p.amount_minor = b.fee_minor)`,
  },
  {
    name: "a booking without a fee has a payment",
    sql: `SELECT b.id, p.status FROM ${BOOKING_AND_PAYMENT} WHERE b.fee_minor = 0 AND p.id IS NOT NULL`,
  },
  {
    name: "a payment has no booking",
    sql: `SELECT p.id FROM billing.payments p LEFT JOIN scheduling.bookings b ON b.payment_id = p.id WHERE b.id IS NULL`,
  },
  {
    name: "an ended booking keeps money beyond policy",
    sql: `SELECT b.id, b.status, b.fee_decision AS feeDecision, ${PAYMENT_STANDS} FROM ${BOOKING_AND_ALL}
      WHERE b.fee_minor > 0 AND ${DECISION} = 'RELEASE' AND NOT (p.status IS NOT NULL AND p.status IN ${RETURNED})`,
  },
  {
    name: "a fee that is due was not taken",
    sql: `SELECT b.id, b.status, b.fee_decision AS feeDecision, ${PAYMENT_STANDS} FROM ${BOOKING_AND_ALL}
      WHERE b.fee_minor > 0 AND ${DECISION} = 'CHARGE' AND NOT (p.status IS NOT NULL AND p.status IN ${TAKEN})`,
  },
  {
    name: "a due fee was refunded without a request",
    sql: `SELECT b.id, b.status, b.fee_decision AS feeDecision, r.id AS refund, ${PAYMENT_STANDS} FROM ${BOOKING_AND_ALL}
      JOIN billing.refunds r ON r.payment_id = p.id AND r.key_id IS NULL WHERE ${DECISION} = 'CHARGE'`,
  },
  {
    name: "a payment has not come to rest",
    sql: `SELECT id, status, fee_decision AS feeDecision, process_tries AS processTries FROM billing.payments WHERE status = 'PROCESSING'
      OR (status = 'AUTHORIZED' AND fee_decision IS NOT NULL)`,
  },
  {
    name: "the provider knows something else than we do",
    sql: `SELECT p.id, p.status, p.charged FROM (
        SELECT p.id, p.status, GROUP_CONCAT(c.status) AS charged FROM billing.payments p
        LEFT JOIN billing.payment_attempts t ON t.payment_id = p.id
        LEFT JOIN billing.stub_charges c ON c.attempt_id = t.id AND c.status IN ('AUTHORIZED', 'CAPTURED')
        GROUP BY p.id) p
      WHERE NOT p.charged <=> CASE
        WHEN p.status = 'AUTHORIZED' THEN 'AUTHORIZED' WHEN p.status IN ${TAKEN} THEN 'CAPTURED' END`,
  },
  {
    name: "a refund has not come to rest",
    sql: "SELECT id, process_tries AS processTries FROM billing.refunds WHERE status = 'PENDING'",
  },
  {
    name: "the provider gave back something else than was refunded",
    sql: `SELECT r.id, r.status, r.amount_minor, s.amount_minor AS given FROM billing.refunds r
      LEFT JOIN billing.stub_refunds s ON s.refund_id = r.id AND s.status = 'SUCCEEDED'
      WHERE NOT s.amount_minor <=> IF(r.status = 'SUCCEEDED', r.amount_minor, NULL)
      UNION ALL
      SELECT s.refund_id, 'unknown', NULL, s.amount_minor FROM billing.stub_refunds s
      LEFT JOIN billing.refunds r ON r.id = s.refund_id WHERE r.id IS NULL`,
  },
  {
    // Compares the statuses, not the versions as settled.ts does, because the version of a payment also
    // increases when billing applies an event of scheduling, such as an expiry.
    name: "a payment is authorized for a booking that is not confirmed",
    sql: `SELECT p.id, p.status, b.status AS booking FROM billing.payments p
      JOIN scheduling.bookings b ON b.payment_id = p.id
      WHERE p.status = 'AUTHORIZED' AND p.fee_decision IS NULL AND b.status <> 'CONFIRMED'`,
  },
];
