import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { FEE_DECISIONS } from "../../services/billing/src/payments/apply-consultation-events.ts";
import { decide, type FeeDecision, nextStep } from "../../services/billing/src/payments/payment-rules.ts";
import { closingTransition } from "../../services/clinical/src/bookings/booking-event-rules.ts";
import {
  type ConsultationFacts,
  type Transition,
  transitionsNow,
} from "../../services/clinical/src/consultations/consultation-rules.ts";
import { timeoutTransition } from "../../services/clinical/src/no-shows/no-show-rules.ts";
import { type BookingRow, factsOf } from "../../services/scheduling/src/bookings/booking.ts";
import {
  assertReschedulable,
  CLOSED,
  type CloseOutcome,
  closesNow,
  NOT_CLOSED,
} from "../../services/scheduling/src/bookings/booking-rules.ts";
import {
  type Course,
  changeBy,
  wasMoved,
} from "../../services/scheduling/src/bookings/consultation-course.ts";

// A model of the three services that explores every order of their actions and events.

const MINUTE_MS = 60_000;
export const startTime = new Date("2030-01-01T09:00:00Z");
export const endTime = new Date("2030-01-01T09:30:00Z");
/** New time of the booking after the patient has rescheduled it. */
export const later = {
  startTime: new Date("2030-01-01T15:00:00Z"),
  endTime: new Date("2030-01-01T15:30:00Z"),
};
/** Current time of the test: after the appointment, so that the consultation can end in every way. */
const now = new Date("2030-01-01T12:00:00Z");
const TIMES = { earlyStartMs: 15 * MINUTE_MS, noShowAfterMs: 15 * MINUTE_MS };
const UNATTENDED_AFTER_MS = 120 * MINUTE_MS;
const ADMIN = "admin";

export interface Close {
  outcome: CloseOutcome;
  feeDecision: FeeDecision;
}

export type Delivery =
  | { to: "clinical"; version: number; outcome: CloseOutcome; movePending: boolean }
  | { to: "clinical"; version: number; moved: { movePending: boolean } }
  | { to: "scheduling"; type: Course; version: number; state: ConsultationState }
  | { to: "billing"; decision: FeeDecision };

export interface World {
  booking: BookingRow;
  consultation: ConsultationFacts;
  payment: { status: "AUTHORIZED" | "CAPTURED" | "VOIDED" | "REFUNDED"; feeDecision: FeeDecision | null };
  /**
   * Actions that have not happened yet: `close` by the admin, `move` by the patient, and the consultation's
   * `end` in clinical.
   */
  close: Close | undefined;
  move: boolean;
  end: Transition | "time" | undefined;
  underWay: Delivery[];
  version: number;
  /** Version of the newest event of the consultation that scheduling has processed. */
  heard: number;
  /** Version of the newest event of the booking that clinical has processed. */
  heardInClinical: number;
  decisions: FeeDecision[];
}

export const BOOKING: BookingRow = {
  id: "b",
  slotId: "s",
  doctorId: "d",
  doctorName: null,
  patientId: "p",
  patientName: null,
  consultationId: "c",
  paymentId: "pay",
  status: "CONFIRMED",
  startTime,
  endTime,
  feeCurrency: "USD",
  feeMinor: 5000,
  reason: null,
  holdExpireTime: null,
  sequence: 0,
  version: 2,
  createTime: startTime,
  started: false,
  cancelTime: null,
  cancelledBy: null,
  cancelReason: null,
  feeDecision: null,
  movedBy: null,
  moveTime: null,
  previousStartTime: null,
  movePending: false,
  ...NOT_CLOSED,
} as BookingRow;

export const scheduled: ConsultationFacts = {
  status: "SCHEDULED",
  transitionedBy: "SERVICE",
  startTime,
  endTime,
  notes: "",
  abandonReason: "",
  noShowParty: null,
  doctorReadyTime: null,
  joinTime: null,
  lateParty: null,
  movePending: false,
  licensedUntil: new Date("9999-12-31T00:00:00Z"),
};
export const waiting: ConsultationFacts = { ...scheduled, status: "WAITING", transitionedBy: "PATIENT" };
export const inProgress: ConsultationFacts = {
  ...scheduled,
  status: "IN_PROGRESS",
  transitionedBy: "DOCTOR",
};

export const startedLate: ConsultationFacts = { ...inProgress, lateParty: "DOCTOR" };

/** Billing's decision on the fee, for each event of clinical that contains one. */
const FEES: Record<string, (consultation: ConsultationState) => FeeDecision> = {
  "consultation.completed": FEE_DECISIONS["consultation.completed"],
  "consultation.abandoned": FEE_DECISIONS["consultation.abandoned"],
};
const NEWS = {
  COMPLETED: "consultation.completed",
  NO_SHOW: "consultation.no_show",
  ABANDONED: "consultation.abandoned",
} as const;

export const stateOf = ({ noShowParty, lateParty, ...its }: ConsultationFacts): ConsultationState => ({
  bookingId: "b",
  paymentId: "pay",
  noShowParty: noShowParty ?? "PARTY_UNSPECIFIED",
  lateParty: lateParty ?? "PARTY_UNSPECIFIED",
  startTime: its.startTime,
  endTime: its.endTime,
});

const after = (consultation: ConsultationFacts, step: Transition): ConsultationFacts => ({
  ...consultation,
  status: step.to,
  transitionedBy: step.by,
  noShowParty: step.to === "NO_SHOW" ? step.party : null,
});

function close(world: World, { outcome, feeDecision }: Close): World {
  const rest = { ...world, close: undefined };
  const { status, endTime, movePending, version } = world.booking;
  const facts = { status, holdExpireTime: null, endTime, movePending };
  try {
    const closing = { outcome, feeDecision, reason: "", adminId: ADMIN };
    closesNow({ ...facts, closing: undefined }, closing, now);
  } catch {
    return rest;
  }
  const closed = { status: CLOSED[outcome], feeDecision, closeOutcome: outcome, closedBy: ADMIN };
  const told = { version: version + 1, outcome, movePending: facts.movePending };
  return {
    ...rest,
    booking: { ...world.booking, ...closed, version: version + 1 },
    underWay: [...world.underWay, { to: "clinical", ...told }, { to: "billing", decision: feeDecision }],
    decisions: [...world.decisions, feeDecision],
  };
}

/**
 * The patient reschedules the booking. The doctor had already rescheduled it, and the patient had not
 * accepted the new time.
 */
function moveAway(world: World): World {
  const rest = { ...world, move: false };
  try {
    assertReschedulable(factsOf(world.booking), "PATIENT", now, 0);
  } catch {
    return rest;
  }
  const version = world.booking.version + 1;
  const { startTime, endTime } = later;
  return {
    ...rest,
    booking: { ...world.booking, startTime, endTime, movePending: false, version },
    underWay: [...world.underWay, { to: "clinical", version, moved: { movePending: false } }],
  };
}

/** Clinical processes the event that the booking was rescheduled. */
function follow(consultation: ConsultationFacts, movePending: boolean): ConsultationFacts {
  const isMovable = ["SCHEDULED", "WAITING", "NO_SHOW"].includes(consultation.status);
  return isMovable ? { ...scheduled, ...later, movePending } : consultation;
}

function endBy({ consultation }: World, end: Transition | "time"): Transition | undefined {
  if (end === "time") return timeoutTransition(consultation, now, UNATTENDED_AFTER_MS);
  try {
    return transitionsNow(consultation, end, now, TIMES) ? end : undefined;
  } catch {
    return undefined;
  }
}

function endInClinical(world: World, end: Transition | "time"): World {
  const rest = { ...world, end: undefined };
  const step = endBy(world, end);
  if (!step) return rest;
  const consultation = after(world.consultation, step);
  const type = NEWS[step.to as keyof typeof NEWS];
  const state = stateOf(consultation);
  const decision = FEES[type]?.(state);
  return {
    ...rest,
    consultation,
    version: world.version + 1,
    underWay: [
      ...world.underWay,
      { to: "scheduling", type, version: world.version + 1, state },
      ...(decision ? [{ to: "billing" as const, decision }] : []),
    ],
    decisions: [...world.decisions, ...(decision ? [decision] : [])],
  };
}

function deliver(world: World, delivery: Delivery): World {
  const rest = { ...world, underWay: world.underWay.filter((other) => other !== delivery) };
  switch (delivery.to) {
    case "clinical": {
      if (delivery.version <= world.heardInClinical) return rest;
      const heard = { ...rest, heardInClinical: delivery.version };
      if ("moved" in delivery)
        return { ...heard, consultation: follow(world.consultation, delivery.moved.movePending) };
      const { outcome, movePending } = delivery;
      const step = closingTransition(world.consultation, { outcome, startTime, endTime, movePending });
      return step ? { ...heard, consultation: after(world.consultation, step) } : heard;
    }
    case "scheduling": {
      if (delivery.version <= world.heard) return rest;
      const heard = { ...rest, heard: delivery.version };
      const change = changeBy(delivery.type, delivery.state, world.booking, now);
      if (!change) return heard;
      const decision = delivery.type === "consultation.no_show" ? change.row.feeDecision : null;
      return {
        ...heard,
        booking: atItsTime({ ...change.row, version: world.booking.version + 1 }, delivery.state),
        underWay: [...rest.underWay, ...(decision ? [{ to: "billing" as const, decision }] : [])],
        decisions: [...world.decisions, ...(decision ? [decision] : [])],
      };
    }
    case "billing":
      return {
        ...rest,
        payment: { ...world.payment, ...decide(world.payment, delivery.decision) } as World["payment"],
      };
  }
}

/** Returns the booking, with the consultation's time if it has ended at another time. */
const atItsTime = (row: BookingRow, consultation: ConsultationState): BookingRow =>
  row.status !== "CONFIRMED" && wasMoved(row, consultation)
    ? { ...row, startTime: consultation.startTime!, endTime: consultation.endTime! }
    : row;

/** Returns the payment after billing's next step at the provider. Undefined if no step is due. */
function processPayment({ payment }: World): World["payment"] | undefined {
  const funds = { amountMinor: 5000, refundedMinor: 0, refundingMinor: 0 };
  const isRefunded = payment.status === "REFUNDED";
  const step = nextStep({ ...payment, ...funds, ...(isRefunded && { refundedMinor: 5000 }) });
  const next = { CAPTURE: "CAPTURED", VOID: "VOIDED", REFUND: "REFUNDED" } as const;
  return step && step !== "ASK" ? { ...payment, status: next[step] } : undefined;
}

/** Returns all states of the world that can directly follow this one. */
function nexts(world: World): World[] {
  const processed = processPayment(world);
  return [
    ...(world.close ? [close(world, world.close)] : []),
    ...(world.move ? [moveAway(world)] : []),
    ...(world.end ? [endInClinical(world, world.end)] : []),
    ...world.underWay.map((delivery) => deliver(world, delivery)),
    ...(processed ? [{ ...world, payment: processed }] : []),
  ];
}

/** All final states that can follow from the first one. A state is final if no action or event is pending. */
export function outcomesOf(first: World): World[] {
  const seen = new Set<string>();
  const ends: World[] = [];
  const visit = (world: World): void => {
    const key = JSON.stringify(world);
    if (seen.has(key)) return;
    seen.add(key);
    const following = nexts(world);
    if (following.length === 0) ends.push(world);
    for (const next of following) visit(next);
  };
  visit(first);
  return ends;
}
