import { UNATTENDED_AFTER_MS } from "../system.ts";
import { MONEY } from "./money.ts";
import type { Rule } from "./schemas.ts";

const changesOf = (which: string) =>
  `(SELECT resource, COUNT(*) AS times FROM scheduling.audit_events WHERE ${which} GROUP BY resource)`;
/**
 * For each booking, the number of changes that scheduling made because of an event from clinical. Scheduling
 * sends no events about such changes, with one exception: it tells billing of no-shows.
 */
const HEARD = changesOf("actor_id = 'service:clinical'");
/**
 * Number of changes to each booking of which clinical gets no event: changes that clinical's own events
 * caused, and refused payments, which concern billing only. One change by clinical's events is not counted:
 * if a patient accepts a rescheduling by joining, scheduling does send clinical an event.
 */
const UNTOLD = changesOf(
  "actor_id = 'service:clinical' AND action <> 'booking.accept_move' OR action = 'booking.refuse_payment'",
);

/**
 * True if clinical has sent an event about the status of consultation c. Clinical sends no event if the
 * booking was cancelled or closed by an admin, because the other services already know that.
 */
const IS_NEWS = `(c.transitioned_by <> 'ADMIN' AND (c.status IN ('IN_PROGRESS', 'COMPLETED', 'NO_SHOW')
  OR (c.status = 'ABANDONED' AND c.transitioned_by = 'DOCTOR')))`;
const UNATTENDED = `UTC_TIMESTAMP(3) - INTERVAL ${UNATTENDED_AFTER_MS} * 1000 MICROSECOND`;

const outboxOf = (service: string): Rule => ({
  name: `${service} has undelivered or dead events`,
  sql: `SELECT id, type, destination, refusals, last_error, dead FROM ${service}.outbox`,
});

/** Invariants that must hold once all events and payments are processed. */
export const SETTLED: readonly Rule[] = [
  outboxOf("auth"),
  outboxOf("scheduling"),
  outboxOf("clinical"),
  outboxOf("billing"),
  {
    name: "a slot is held without a pending payment",
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
    name: "a doctor without a licence has a booking ahead",
    sql: `SELECT b.id, b.status, b.doctor_id FROM scheduling.bookings b LEFT JOIN scheduling.doctors d ON d.id = b.doctor_id
      WHERE b.status IN ('PENDING_PAYMENT', 'CONFIRMED') AND b.start_time > UTC_TIMESTAMP(3) AND NOT b.started
        AND (d.licensed_until IS NULL OR d.licensed_until < DATE(b.start_time))`,
  },
  {
    name: "clinical knows another licence than scheduling",
    sql: `SELECT k.id, d.licensed_until, c.licensed_until AS in_clinical
      FROM (SELECT id FROM scheduling.doctors UNION SELECT doctor_id FROM clinical.doctors) k
      LEFT JOIN scheduling.doctors d ON d.id = k.id LEFT JOIN clinical.doctors c ON c.doctor_id = k.id
      WHERE NOT d.licensed_until <=> c.licensed_until`,
  },
  {
    name: "a prescription is active after an admin stopped it, or stopped without an admin",
    sql: `SELECT p.id, p.status, p.issue_time, d.prescriptions_stop_time FROM clinical.prescriptions p
      JOIN scheduling.doctors d ON d.id = p.doctor_id
      WHERE p.status = 'ACTIVE' AND p.issue_time <= d.prescriptions_stop_time
        OR p.status <> 'ACTIVE' AND d.prescriptions_stop_time IS NULL`,
  },
  {
    // A consultation that had started before its booking was rescheduled keeps its time, which is allowed.
    name: "a confirmed booking has no live consultation at its time",
    sql: `SELECT b.id, b.started, c.status FROM scheduling.bookings b
      LEFT JOIN clinical.consultations c ON c.id = b.consultation_id AND c.booking_id = b.id
      WHERE b.status = 'CONFIRMED' AND NOT IF(b.started, c.status <=> 'IN_PROGRESS',
        c.status IS NOT NULL AND c.status IN ('SCHEDULED', 'WAITING') AND c.start_time = b.start_time AND c.end_time = b.end_time)`,
  },
  {
    name: "a live consultation has no confirmed booking",
    sql: `SELECT c.id, c.booking_id, b.status FROM clinical.consultations c
      LEFT JOIN scheduling.bookings b ON b.id = c.booking_id
      WHERE c.status IN ('SCHEDULED', 'WAITING', 'IN_PROGRESS') AND NOT b.status <=> 'CONFIRMED'`,
  },
  {
    name: "a patient still waits although the time is over",
    sql: `SELECT id, end_time FROM clinical.consultations
      WHERE status = 'WAITING' AND late_party IS NULL AND end_time <= UTC_TIMESTAMP(3)`,
  },
  {
    name: "an unattended consultation is still open",
    sql: `SELECT id, end_time FROM clinical.consultations
      WHERE status IN ('SCHEDULED', 'WAITING') AND end_time <= ${UNATTENDED}`,
  },
  {
    name: "the clock recorded a no-show too early, or of the patient alone",
    sql: `SELECT c.id, c.no_show_party, c.end_time, a.occur_time FROM clinical.consultations c
      JOIN clinical.audit_events a ON a.resource = CONCAT('consultations/', BIN_TO_UUID(c.id)) AND a.action = 'consultation.mark_no_show'
      WHERE c.status = 'NO_SHOW' AND c.transitioned_by = 'SERVICE'
        AND NOT (c.no_show_party <=> 'DOCTOR' AND a.occur_time >= c.end_time
          OR c.no_show_party <=> 'BOTH' AND a.occur_time >= c.end_time + INTERVAL ${UNATTENDED_AFTER_MS} * 1000 MICROSECOND)`,
  },
  {
    // Allowed if the booking was cancelled before scheduling learned that the consultation had ended.
    name: "a booking and its consultation have ended differently",
    sql: `SELECT b.id, b.status, b.started, c.status AS consultation FROM scheduling.bookings b
      LEFT JOIN clinical.consultations c ON c.id = b.consultation_id
      WHERE NOT CASE b.status
        WHEN 'CONFIRMED' THEN TRUE
        WHEN 'COMPLETED' THEN c.status <=> 'COMPLETED'
        WHEN 'NO_SHOW' THEN c.status <=> 'NO_SHOW'
        WHEN 'CANCELLED' THEN IF(b.started, c.status <=> 'ABANDONED' AND b.cancelled_by = 'DOCTOR',
          c.status IS NULL OR c.status IN ('CANCELLED', 'ABANDONED', 'COMPLETED', 'NO_SHOW'))
        ELSE c.status IS NULL END`,
  },
  {
    // If a booking was rescheduled after its consultation had started, the end of the consultation undoes
    // this. The booking gets the consultation's time again, and the new slot is opened again.
    name: "a booking was closed at another time than its consultation's, or keeps a slot of another time",
    sql: `SELECT b.id, b.status, b.start_time, c.start_time AS held, s.start_time AS slot FROM scheduling.bookings b
      LEFT JOIN clinical.consultations c ON c.id = b.consultation_id
      LEFT JOIN scheduling.slots s ON s.booking_id = b.id AND s.start_time <> b.start_time
      WHERE b.status IN ('COMPLETED', 'NO_SHOW') AND NOT (c.start_time <=> b.start_time AND c.end_time <=> b.end_time)
        OR b.status <> 'CONFIRMED' AND s.id IS NOT NULL`,
  },
  {
    name: "clinical has not applied the newest event of a booking",
    sql: `SELECT b.id, b.status, b.version, i.version AS applied FROM scheduling.bookings b
      LEFT JOIN clinical.inbox i ON i.aggregate_id = b.id
      LEFT JOIN ${UNTOLD} u ON u.resource = CONCAT('bookings/', BIN_TO_UUID(b.id))
      WHERE b.status NOT IN ('PENDING_PAYMENT', 'EXPIRED') AND NOT i.version <=> b.version - IFNULL(u.times, 0)`,
  },
  {
    // Leaves out bookings whose consultation has started or ended. Billing learns that from clinical, not
    // from scheduling.
    name: "billing has not applied the newest event of a booking",
    sql: `SELECT b.id, b.status, b.version, i.version AS applied FROM scheduling.bookings b
      LEFT JOIN billing.inbox i ON i.aggregate_id = b.id
      LEFT JOIN ${HEARD} h ON h.resource = CONCAT('bookings/', BIN_TO_UUID(b.id))
      WHERE (b.status IN ('EXPIRED', 'CANCELLED') OR b.close_outcome IS NOT NULL AND b.fee_minor > 0)
        AND h.times IS NULL AND NOT i.version <=> b.version`,
  },
  {
    name: "a patient was charged or marked as missing at a time not accepted",
    sql: `SELECT b.id, b.status, b.fee_decision AS feeDecision, c.no_show_party FROM scheduling.bookings b
      LEFT JOIN clinical.consultations c ON c.id = b.consultation_id
      WHERE b.move_pending AND (b.fee_decision = 'CHARGE' OR b.status = 'NO_SHOW' AND c.no_show_party = 'PATIENT')`,
  },
  {
    name: "clinical and scheduling disagree about the acceptance of a move",
    sql: `SELECT b.id, b.move_pending, c.move_pending AS in_clinical, c.status FROM scheduling.bookings b
      JOIN clinical.consultations c ON c.id = b.consultation_id
      WHERE b.status = 'CONFIRMED' AND NOT b.started AND b.move_pending <> c.move_pending`,
  },
  {
    name: "scheduling has not applied the newest event of a consultation",
    sql: `SELECT c.id, c.status, c.version, i.version AS applied FROM clinical.consultations c
      LEFT JOIN scheduling.inbox i ON i.aggregate_id = c.id WHERE ${IS_NEWS} AND NOT i.version <=> c.version`,
  },
  {
    name: "billing has not applied a no-show",
    sql: `SELECT b.id, b.status, b.version, i.version AS applied FROM scheduling.bookings b
      LEFT JOIN billing.inbox i ON i.aggregate_id = b.id
      WHERE b.status = 'NO_SHOW' AND b.close_outcome IS NULL AND b.fee_minor > 0 AND NOT i.version <=> b.version`,
  },
  {
    name: "billing has not applied the end of a consultation",
    sql: `SELECT c.id, c.status, c.version, i.version AS applied FROM clinical.consultations c
      LEFT JOIN billing.inbox i ON i.aggregate_id = c.id
      WHERE ${IS_NEWS} AND c.status NOT IN ('IN_PROGRESS', 'NO_SHOW') AND NOT i.version <=> c.version`,
  },
  ...MONEY,
  appliedTwice("clinical", "consultation.create"),
  appliedTwice("clinical", "consultation.start"),
  appliedTwice("clinical", "consultation.complete"),
  appliedTwice("clinical", "consultation.mark_no_show"),
  appliedTwice("clinical", "consultation.abandon"),
  appliedTwice("clinical", "consultation.close"),
  appliedTwice("billing", "payment.create"),
  appliedTwice("billing", "payment.capture"),
  appliedTwice("billing", "refund.create"),
  appliedTwice("billing", "refund.complete"),
  appliedTwice("scheduling", "booking.cancel"),
  appliedTwice("scheduling", "booking.close"),
  appliedTwice("scheduling", "booking.create"),
  appliedTwice("scheduling", "booking.begin"),
  appliedTwice("scheduling", "booking.complete"),
  appliedTwice("scheduling", "booking.no_show"),
];

/** Finds resources with more than one audit event for an action that can happen only once. */
function appliedTwice(service: string, action: string): Rule {
  return {
    name: `${action} was done twice`,
    sql: `SELECT resource, COUNT(*) AS times FROM ${service}.audit_events
      WHERE action = '${action}' AND outcome = 'SUCCESS' GROUP BY resource HAVING times > 1`,
  };
}
