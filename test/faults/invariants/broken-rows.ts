import {
  AHEAD,
  audited,
  booking,
  bookings,
  consultation,
  doctor,
  entry,
  inMs,
  MINUTE_MS,
  PAST,
  payment,
  prescription,
  type Row,
  refund,
  slot,
} from "./rows.ts";

const PAID = { fee_minor: 5, payment_id: "y" };
const COMPLETED = [booking({ ...PAID, status: "COMPLETED" }), consultation({ status: "COMPLETED" })] as const;

/** For each invariant, one or more sets of rows. Each set must break the invariant. */
export const BROKEN_ROWS: Readonly<Record<string, readonly (readonly Row[])[]>> = {
  "ledger: debits differ from credits": [[entry]],
  "ledger: a payment's clearing balance differs from its amount less refunds": [
    [payment({ status: "CAPTURED" })],
  ],
  "ledger: a doctor's balance differs from the captured amounts less refunds": [
    [payment({ status: "CAPTURED" })],
  ],
  "ledger: an entry has no payment": [[entry]],
  "ledger: a payment's refunded sum differs from its refunds": [[payment({ refunded_minor: 1 })]],
  "ledger: a payment's refunding sum differs from its refunds": [[payment({ refunding_minor: 1 })]],
  "ledger: refunds exceed the charge": [[payment({ refunded_minor: 6 })]],
  "a slot has more than one live booking": [bookings(2, () => ({ slot_id: "s" }))],
  "a patient's live bookings overlap": [bookings(2, () => ({}))],
  "a patient exceeds the limit of holds": [
    bookings(4, () => ({ status: "PENDING_PAYMENT", hold_expire_time: AHEAD })),
  ],
  "a patient has more upcoming bookings than the limit": [
    bookings(4, () => ({})),
    bookings(11, (i) => ({ doctor_id: `d${i}` })),
  ],
  "a slot was held again by its patient within the cooldown": [
    [
      booking({
        ...PAID,
        id: "b1",
        status: "EXPIRED",
        create_time: inMs(-30 * MINUTE_MS),
        hold_expire_time: inMs(-15 * MINUTE_MS),
      }),
      booking({ create_time: inMs(-MINUTE_MS) }),
    ],
  ],
  "a doctor is licensed otherwise than by the verified licences": [
    [doctor({ licensed_until: AHEAD })],
    [
      doctor({ licensed_until: null }),
      [
        "scheduling.licenses",
        { id: "l", doctor_id: "d", number: "1", status: "VERIFIED", expire_date: AHEAD },
      ],
    ],
  ],
  "a live booking is not who has its slot": [[booking(), slot({ status: "OPEN" })]],
  "a booked slot has no booking": [[slot({ status: "BOOKED" })]],
  "a hold ended early": [
    [
      booking({ status: "EXPIRED", hold_expire_time: AHEAD }),
      audited("scheduling", "booking.expire", "bookings/b"),
    ],
  ],
  "a booking has more than one consultation": [[consultation(), consultation({ id: "c2" })]],
  "a payment is charged twice": [
    ["1", "2"].flatMap((id): Row[] => [
      ["billing.payment_attempts", { id, payment_id: "y", status: "AUTHORIZED" }],
      ["billing.stub_charges", { attempt_id: id, status: "AUTHORIZED" }],
    ]),
  ],
  "a slot is held without a pending payment": [[slot({ status: "HELD" })]],
  "a booking awaits payment although its hold has ended": [[booking({ status: "PENDING_PAYMENT" })]],
  "an open slot belongs to a booking": [[slot({ status: "OPEN", booking_id: "b" })]],
  "a doctor without a licence has a booking ahead": [
    [booking(), doctor({ licensed_until: null })],
    [booking(), doctor({ licensed_until: PAST })],
    [booking()],
  ],
  "clinical knows another licence than scheduling": [
    [doctor({ licensed_until: AHEAD })],
    [doctor({ licensed_until: null }), ["clinical.doctors", { doctor_id: "d", licensed_until: AHEAD }]],
    [["clinical.doctors", { doctor_id: "d", licensed_until: AHEAD }]],
  ],
  "a prescription is active after an admin stopped it, or stopped without an admin": [
    [prescription({ status: "ACTIVE" }), doctor({ prescriptions_stop_time: new Date() })],
    [prescription({ status: "STOPPED" }), doctor({})],
  ],
  "a confirmed booking has no live consultation at its time": [
    [booking()],
    [booking(), consultation({ start_time: PAST })],
    [booking(), consultation({ status: "CANCELLED" })],
  ],
  "a live consultation has no confirmed booking": [[consultation()]],
  "a patient still waits although the time is over": [[consultation({ status: "WAITING", end_time: PAST })]],
  "an unattended consultation is still open": [[consultation({ end_time: PAST })]],
  "the clock recorded a no-show too early, or of the patient alone": [
    ...["PATIENT", "DOCTOR", "BOTH"].map((party) => [
      consultation({ status: "NO_SHOW", transitioned_by: "SERVICE", no_show_party: party }),
      audited("clinical", "consultation.mark_no_show", "consultations/c"),
    ]),
  ],
  "a booking and its consultation have ended differently": [
    [booking({ status: "COMPLETED" }), consultation({ status: "NO_SHOW" })],
    [booking({ status: "CANCELLED" }), consultation({ status: "IN_PROGRESS" })],
    [booking({ status: "EXPIRED" }), consultation()],
  ],
  "a booking was closed at another time than its consultation's, or keeps a slot of another time": [
    [booking({ status: "COMPLETED" }), consultation({ start_time: PAST })],
    [booking({ status: "CANCELLED" }), slot({ status: "OPEN", booking_id: "b", start_time: PAST })],
  ],
  "clinical has not applied the newest event of a booking": [[booking({ version: 2 })]],
  "billing has not applied the newest event of a booking": [[booking({ version: 2, status: "CANCELLED" })]],
  "a patient was charged or marked as missing at a time not accepted": [
    [booking({ move_pending: 1, fee_decision: "CHARGE" })],
    [booking({ move_pending: 1, status: "NO_SHOW" }), consultation({ no_show_party: "PATIENT" })],
  ],
  "clinical and scheduling disagree about the acceptance of a move": [
    [booking({ move_pending: 1 }), consultation()],
  ],
  "scheduling has not applied the newest event of a consultation": [
    [consultation({ status: "IN_PROGRESS" })],
  ],
  "billing has not applied a no-show": [[booking({ ...PAID, status: "NO_SHOW" })]],
  "billing has not applied the end of a consultation": [[consultation({ status: "COMPLETED" })]],
  "a confirmed booking is not paid": [
    [booking(PAID)],
    [booking(PAID), payment({ status: "VOIDED" })],
    [booking(PAID), payment({ amount_minor: 4 })],
  ],
  "a booking without a fee has a payment": [[booking(), payment()]],
  "a payment has no booking": [[payment()]],
  "an ended booking keeps money beyond policy": [[booking({ ...PAID, status: "EXPIRED" }), payment()]],
  "a fee that is due was not taken": [[...COMPLETED], [...COMPLETED, payment()]],
  "a due fee was refunded without a request": [[...COMPLETED, payment(), refund({ status: "SUCCEEDED" })]],
  "a payment has not come to rest": [
    [payment({ status: "PROCESSING" })],
    [payment({ fee_decision: "RELEASE" })],
  ],
  "the provider knows something else than we do": [
    [payment()],
    [
      payment({ status: "VOIDED" }),
      ["billing.payment_attempts", { id: "a", payment_id: "y" }],
      ["billing.stub_charges", { attempt_id: "a", status: "AUTHORIZED" }],
    ],
  ],
  "a refund has not come to rest": [[refund({ status: "PENDING" })]],
  "the provider gave back something else than was refunded": [
    [refund({ status: "SUCCEEDED" })],
    [["billing.stub_refunds", { refund_id: "r", status: "SUCCEEDED", amount_minor: 5 }]],
  ],
  "a payment is authorized for a booking that is not confirmed": [
    [booking({ ...PAID, status: "COMPLETED" }), payment()],
  ],
  ...Object.fromEntries(
    ["auth", "scheduling", "clinical", "billing"].map((service) => [
      `${service} has undelivered or dead events`,
      [[[`${service}.outbox`, { id: "o" }]]] as const,
    ]),
  ),
};
