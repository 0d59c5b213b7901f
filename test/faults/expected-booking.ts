import type { Json } from "../support/api.ts";

export type Status = "PENDING_PAYMENT" | "CONFIRMED" | "EXPIRED" | "CANCELLED" | "COMPLETED" | "NO_SHOW";

/** Refusals that a right system may give to a booking. NOT_FOUND: the slot's doctor has no licence just now. */
export const BOOKING_REFUSALS = [
  "SLOT_UNAVAILABLE",
  "PATIENT_OVERLAP",
  "TOO_MANY_HOLDS",
  "TOO_MANY_BOOKINGS",
  "HOLD_COOLDOWN",
  "NOT_FOUND",
] as const;

/** The acknowledged state of one booking, which the system must keep. */
export interface ExpectedBooking {
  id: string;
  slotId: string;
  doctorId: string;
  paymentId: string | undefined;
  consultationId: string;
  status: Status;
  sequence: number;
  /** Its patient has asked for it to be cancelled, whether or not that is known to be done. */
  cancelAsked: boolean;
  /** The authorization was acknowledged. */
  paid: boolean;
  /** The patient was let into the waiting room. */
  joined: boolean;
  /** An admin has closed it; a crossing end of its consultation replaces the closing. */
  isClosedByAdmin: boolean;
}

/** Somebody who remembers what was acknowledged. */
export interface Believer {
  id: string;
  token: string;
  /** Keyed by booking id. */
  beliefs: ReadonlyMap<string, ExpectedBooking>;
  /** Slots that a refused booking or move of theirs may still take. */
  unsureSlots?: ReadonlySet<string>;
}

/** Statuses that a doctor gives to a confirmed booking. */
const OVER = ["COMPLETED", "NO_SHOW"] as const;

/** Statuses after a consultation's own end replaced an admin's closing. */
const AFTER_CLOSING: readonly Status[] = [...OVER, "CANCELLED"];

/** Legal statuses after an acknowledged one, without or at the patient's request. */
const LATER: Record<Status, readonly Status[]> = {
  PENDING_PAYMENT: ["PENDING_PAYMENT", "CONFIRMED", "EXPIRED", "CANCELLED", ...OVER],
  CONFIRMED: ["CONFIRMED", "CANCELLED", ...OVER],
  COMPLETED: ["COMPLETED"],
  NO_SHOW: ["NO_SHOW"],
  // A late payment can confirm it.
  EXPIRED: ["EXPIRED", "CONFIRMED", "CANCELLED", ...OVER],
  CANCELLED: ["CANCELLED"],
};

export const isLegal = (acknowledged: Status, seen: Status): boolean => LATER[acknowledged].includes(seen);

export const beliefOf = (booking: Json): ExpectedBooking => ({
  id: String(booking.id),
  slotId: String(booking.slotId),
  doctorId: String(booking.doctorId),
  paymentId: booking.paymentId === undefined ? undefined : String(booking.paymentId),
  consultationId: String(booking.consultationId),
  status: booking.status as Status,
  sequence: Number(booking.sequence),
  cancelAsked: false,
  paid: false,
  joined: false,
  isClosedByAdmin: booking.close !== undefined,
});

/** Contradiction between a shown booking and its acknowledged state; undefined if there is none. */
export function contradiction(
  belief: ExpectedBooking,
  seen: Pick<ExpectedBooking, "status" | "slotId" | "sequence">,
) {
  const { id, status, slotId, sequence, isClosedByAdmin } = belief;
  const isReplaced = isClosedByAdmin && AFTER_CLOSING.includes(seen.status);
  if (!isReplaced && !isLegal(status, seen.status))
    return `booking ${id} was ${status} and is ${seen.status}`;
  if (seen.sequence < sequence) return `booking ${id} was moved ${sequence} times, now ${seen.sequence}`;
  if (seen.sequence === sequence && seen.slotId !== slotId) return `booking ${id} is on another slot`;
  return undefined;
}
