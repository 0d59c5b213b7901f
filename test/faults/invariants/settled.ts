import type { Rule } from "./schemas.ts";

const BOOKING_AND_PAYMENT = `scheduling.bookings b LEFT JOIN billing.payments p ON p.booking_id = b.id`;
const RETURNED = "('CANCELLED', 'VOIDED', 'REFUNDED')";
/** An admin may have given some of it back, or all. */
const TAKEN = "('CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED')";

const outboxOf = (service: string): Rule => ({
  name: `${service} has undelivered or dead events`,
  sql: `SELECT id, type, destination, refusals, last_error, dead FROM ${service}.outbox`,
});

/** What must hold once everything has caught up. */
export const SETTLED: readonly Rule[] = [
  outboxOf("auth"),
  outboxOf("scheduling"),
  outboxOf("clinical"),
  outboxOf("billing"),
  {
    name: "a slot is held although nobody pays any more",
    sql: "SELECT id, status, booking_id FROM scheduling.slots WHERE status = 'HELD'",
  },
  {
    name: "a booking awaits payment although its hold has ended",
    sql: "SELECT id, hold_expire_time FROM scheduling.bookings WHERE status = 'PENDING_PAYMENT'",
  },
  {
    name: "an open slot belongs to a booking",
    sql: "SELECT id, booking_id FROM scheduling.slots WHERE status = 'OPEN' AND booking_id IS NOT NULL",
  },
  {
    name: "a confirmed booking has no live consultation at its time",
    sql: `SELECT b.id, c.status FROM scheduling.bookings b
      LEFT JOIN clinical.consultations c ON c.id = b.consultation_id AND c.booking_id = b.id
      WHERE b.status = 'CONFIRMED'
        AND NOT (c.status <=> 'SCHEDULED' AND c.start_time = b.start_time AND c.end_time = b.end_time)`,
  },
  {
    name: "a live consultation has no confirmed booking",
    sql: `SELECT c.id, c.booking_id, b.status FROM clinical.consultations c
      LEFT JOIN scheduling.bookings b ON b.id = c.booking_id
      WHERE c.status IN ('SCHEDULED', 'WAITING', 'IN_PROGRESS') AND NOT b.status <=> 'CONFIRMED'`,
  },
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
    name: "a cancelled or expired booking keeps money beyond policy",
    sql: `SELECT b.id, b.status, b.settlement, p.status AS payment FROM ${BOOKING_AND_PAYMENT}
      WHERE b.fee_minor > 0 AND (b.status = 'EXPIRED' OR (b.status = 'CANCELLED' AND b.settlement = 'RETURN'))
        AND NOT (p.status IS NOT NULL AND p.status IN ${RETURNED})`,
  },
  {
    name: "the fee of a late cancellation was not taken",
    sql: `SELECT b.id, p.status FROM ${BOOKING_AND_PAYMENT}
      WHERE b.fee_minor > 0 AND b.status = 'CANCELLED' AND b.settlement = 'CAPTURE' AND NOT (p.status IS NOT NULL AND p.status IN ${TAKEN})`,
  },
  {
    name: "a payment has not come to rest",
    sql: `SELECT id, status, settlement, settle_tries FROM billing.payments WHERE status = 'PROCESSING'
      OR (status = 'AUTHORIZED' AND settlement IS NOT NULL)`,
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
    sql: "SELECT id, settle_tries FROM billing.refunds WHERE status = 'PENDING'",
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
    // That a payment is refused, which may come after the end of a booking, is told to billing only.
    name: "clinical has not applied the newest event of a booking",
    sql: `SELECT b.id, b.status, b.version, i.version AS applied FROM scheduling.bookings b
      LEFT JOIN clinical.inbox i ON i.aggregate_id = b.id
      WHERE b.status IN ('CONFIRMED', 'CANCELLED') AND NOT i.version <=> b.version - (
        SELECT COUNT(*) FROM scheduling.audit_events a
        WHERE a.action = 'booking.refuse_payment' AND a.resource = CONCAT('bookings/', b.id))`,
  },
  {
    name: "billing has not applied the newest event of a booking",
    sql: `SELECT b.id, b.status, b.version, i.version AS applied FROM scheduling.bookings b
      LEFT JOIN billing.inbox i ON i.aggregate_id = b.id
      WHERE b.status IN ('EXPIRED', 'CANCELLED') AND NOT i.version <=> b.version`,
  },
  {
    // Told by the outcome: billing's version also grows by what scheduling tells it, as by an expiry that came late.
    name: "a payment is authorized for a booking that is not confirmed",
    sql: `SELECT p.id, p.status, b.status AS booking FROM billing.payments p
      JOIN scheduling.bookings b ON b.payment_id = p.id
      WHERE p.status = 'AUTHORIZED' AND p.settlement IS NULL AND b.status <> 'CONFIRMED'`,
  },
  appliedTwice("clinical", "consultation.create"),
  appliedTwice("billing", "payment.create"),
  appliedTwice("billing", "payment.capture"),
  appliedTwice("billing", "refund.create"),
  appliedTwice("billing", "refund.settle"),
  appliedTwice("scheduling", "booking.cancel"),
  appliedTwice("scheduling", "booking.create"),
];

/** What happens once in a thing's life is audited once. */
function appliedTwice(service: string, action: string): Rule {
  return {
    name: `${action} was done twice`,
    sql: `SELECT resource, COUNT(*) AS times FROM ${service}.audit_events
      WHERE action = '${action}' AND outcome = 'SUCCESS' GROUP BY resource HAVING times > 1`,
  };
}
