import { CHECKS } from "@medconnect/billing/src/ledger/check-store.ts";
import type { Rule } from "./schemas.ts";

// SQL condition: booking `b` occupies its slot, because it is confirmed or its hold has not expired. The
// clocks of service and database may differ, so a hold no longer counts in the last 100 ms before its expiry.
const LIVE = (b: string) =>
  `(${b}.status = 'CONFIRMED' OR (${b}.status = 'PENDING_PAYMENT'
     AND ${b}.hold_expire_time > UTC_TIMESTAMP(3) + INTERVAL 100000 MICROSECOND))`;

/** Invariants that must hold at any moment, also during faults. */
export const ALWAYS: readonly Rule[] = [
  ...Object.entries(CHECKS).map(([check, sql]) => ({ name: `ledger: ${check}`, sql })),
  {
    name: "a slot has more than one live booking",
    sql: `SELECT b.slot_id, COUNT(*) AS live FROM scheduling.bookings b WHERE ${LIVE("b")}
      GROUP BY b.slot_id HAVING live > 1`,
  },
  {
    name: "a patient's live bookings overlap",
    sql: `SELECT a.id, b.id AS other FROM scheduling.bookings a
      JOIN scheduling.bookings b ON b.patient_id = a.patient_id AND b.id > a.id
        AND b.start_time < a.end_time AND b.end_time > a.start_time
      WHERE ${LIVE("a")} AND ${LIVE("b")}`,
  },
  {
    name: "a patient exceeds the limit of holds",
    sql: `SELECT b.patient_id, COUNT(*) AS holds FROM scheduling.bookings b
      WHERE b.status = 'PENDING_PAYMENT' AND b.hold_expire_time > UTC_TIMESTAMP(3) + INTERVAL 100000 MICROSECOND
      GROUP BY b.patient_id HAVING holds > 3`,
  },
  {
    // Leaves out rescheduled bookings, because the system checks the limit for new bookings only.
    name: "a patient has more upcoming bookings than the limit",
    sql: `SELECT b.patient_id, b.doctor_id, COUNT(*) AS bookings FROM scheduling.bookings b
      WHERE ${LIVE("b")} AND b.sequence = 0 AND b.start_time > UTC_TIMESTAMP(3) + INTERVAL 100000 MICROSECOND
      GROUP BY b.patient_id, b.doctor_id WITH ROLLUP
      HAVING b.patient_id IS NOT NULL AND bookings > IF(b.doctor_id IS NULL, 10, 3)`,
  },
  {
    // After a hold expires unpaid, or the patient cancels it, the same patient may not hold the slot again
    // for a cooldown of twice the hold's length. There is no cooldown if the payment was refused earlier, for
    // example because the doctor had no licence.
    name: "a slot was held again by its patient within the cooldown",
    sql: `SELECT h.id, h.status, b.id AS again, b.create_time, h.ended FROM (
        SELECT a.id, a.status, a.patient_id, a.slot_id, IF(a.status = 'CANCELLED', a.cancel_time, a.hold_expire_time) AS ended,
          2 * TIMESTAMPDIFF(MICROSECOND, a.create_time, a.hold_expire_time) AS cooldown
        FROM scheduling.bookings a WHERE a.fee_minor > 0 AND (a.status = 'PENDING_PAYMENT'
          OR a.status = 'EXPIRED' AND NOT EXISTS (SELECT 1 FROM scheduling.audit_events e WHERE e.resource = CONCAT('bookings/', BIN_TO_UUID(a.id))
            AND e.action = 'booking.refuse_payment' AND e.occur_time < a.hold_expire_time)
          OR a.status = 'CANCELLED' AND a.cancelled_by = 'PATIENT' AND NOT EXISTS (SELECT 1
            FROM scheduling.audit_events e WHERE e.resource = CONCAT('bookings/', BIN_TO_UUID(a.id)) AND e.action = 'booking.confirm'))) h
      JOIN scheduling.bookings b ON b.patient_id = h.patient_id AND b.slot_id = h.slot_id AND b.id <> h.id
        AND b.sequence = 0 AND b.create_time >= h.ended AND b.create_time < h.ended + INTERVAL h.cooldown MICROSECOND`,
  },
  {
    name: "a doctor is licensed otherwise than by the verified licences",
    sql: `SELECT d.id, d.licensed_until FROM scheduling.doctors d WHERE NOT d.licensed_until <=>
      (SELECT MAX(l.expire_date) FROM scheduling.licenses l WHERE l.doctor_id = d.id AND l.status = 'VERIFIED')`,
  },
  {
    name: "a live booking is not who has its slot",
    sql: `SELECT b.id, b.status, s.status AS slot_status, s.booking_id FROM scheduling.bookings b
      JOIN scheduling.slots s ON s.id = b.slot_id
      WHERE ${LIVE("b")}
        AND NOT (s.booking_id <=> b.id AND s.status = IF(b.status = 'CONFIRMED', 'BOOKED', 'HELD'))`,
  },
  {
    // Allowed if the doctor abandoned the consultation, because the slot then stays used.
    name: "a booked slot has no booking",
    sql: `SELECT s.id, s.booking_id, b.status FROM scheduling.slots s
      LEFT JOIN scheduling.bookings b ON b.id = s.booking_id AND b.slot_id = s.id
      LEFT JOIN clinical.consultations c ON c.id = b.consultation_id
      WHERE s.status = 'BOOKED' AND (b.status IS NULL OR b.status NOT IN ('CONFIRMED', 'COMPLETED', 'NO_SHOW'))
        AND NOT (b.status <=> 'CANCELLED' AND c.status <=> 'ABANDONED')`,
  },
  {
    // Allowed if the payment was refused during the hold, because the appointment had started or the doctor
    // had no licence.
    name: "a hold ended early",
    sql: `SELECT b.id, a.action, a.occur_time, b.hold_expire_time FROM scheduling.audit_events a
      JOIN scheduling.bookings b ON a.resource = CONCAT('bookings/', BIN_TO_UUID(b.id))
      WHERE a.occur_time < b.hold_expire_time AND (a.action = 'booking.expire'
        OR a.action = 'booking.refuse_payment' AND b.status = 'EXPIRED' AND b.start_time > a.occur_time
          AND NOT EXISTS (SELECT 1 FROM scheduling.licenses l WHERE l.doctor_id = b.doctor_id AND l.status = 'REVOKED'
            AND l.decide_time <= a.occur_time))`,
  },
  {
    name: "a booking has more than one consultation",
    sql: `SELECT booking_id, COUNT(*) AS made FROM clinical.consultations GROUP BY booking_id HAVING made > 1`,
  },
  {
    name: "a payment is charged twice",
    sql: `SELECT t.payment_id, COUNT(*) AS charges FROM billing.payment_attempts t
      JOIN billing.stub_charges c ON c.attempt_id = t.id
      WHERE c.status IN ('AUTHORIZED', 'CAPTURED') GROUP BY t.payment_id HAVING charges > 1`,
  },
];
