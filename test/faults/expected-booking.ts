import type { Json } from "../support/api.ts";

export type Status = "PENDING_PAYMENT" | "CONFIRMED" | "EXPIRED" | "CANCELLED" | "COMPLETED" | "NO_SHOW";

/** Legitimate refusals of a booking. NOT_FOUND: the slot's doctor currently has no verified licence. */
export const BOOKING_REFUSALS = [
  "SLOT_UNAVAILABLE",
  "PATIENT_OVERLAP",
  "TOO_MANY_HOLDS",
  "TOO_MANY_BOOKINGS",
  "HOLD_COOLDOWN",
  "NOT_FOUND",
] as const;

/** The acknowledged state of a booking, which the system must keep. */
export interface ExpectedBooking {
  id: string;
  slotId: string;
  doctorId: string;
  paymentId: string | undefined;
  consultationId: string;
  status: Status;
  sequence: number;
  /** True once the patient has requested a cancellation, acknowledged or not. */
  cancelAsked: boolean;
  /** True once the authorization of the payment was acknowledged. */
  paid: boolean;
  /** True once the patient has joined the waiting room. */
  joined: boolean;
  /** True once an admin has closed the booking. A concurrent end of its consultation replaces the closing. */
  isClosedByAdmin: boolean;
}

/** A patient with acknowledged bookings. */
export interface BookingHolder {
  id: string;
  token: string;
  /** Keyed by booking id. */
  expectedBookings: ReadonlyMap<string, ExpectedBooking>;
  /**
   * Slots whose booking or rescheduling was refused, but may still take place through an earlier attempt of
   * the call.
   */
  unsureSlots?: ReadonlySet<string>;
}

/** Statuses that a doctor sets on a confirmed booking. */
const OVER = ["COMPLETED", "NO_SHOW"] as const;

/** Statuses after a consultation's end has replaced an admin's closing. */
const AFTER_CLOSING: readonly Status[] = [...OVER, "CANCELLED"];

/** Legal statuses after an acknowledged one. */
const LATER: Record<Status, readonly Status[]> = {
  PENDING_PAYMENT: ["PENDING_PAYMENT", "CONFIRMED", "EXPIRED", "CANCELLED", ...OVER],
  CONFIRMED: ["CONFIRMED", "CANCELLED", ...OVER],
  COMPLETED: ["COMPLETED"],
  NO_SHOW: ["NO_SHOW"],
  // A late payment can confirm an expired booking.
  EXPIRED: ["EXPIRED", "CONFIRMED", "CANCELLED", ...OVER],
  CANCELLED: ["CANCELLED"],
};

export const isLegal = (acknowledged: Status, seen: Status): boolean => LATER[acknowledged].includes(seen);

export const expectedFrom = (booking: Json): ExpectedBooking => ({
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

/** Contradiction between a booking and its acknowledged state; undefined if there is none. */
export function contradiction(
  expected: ExpectedBooking,
  seen: Pick<ExpectedBooking, "status" | "slotId" | "sequence">,
) {
  const { id, status, slotId, sequence, isClosedByAdmin } = expected;
  const isReplaced = isClosedByAdmin && AFTER_CLOSING.includes(seen.status);
  if (!isReplaced && !isLegal(status, seen.status))
    return `booking ${id} was ${status} and is ${seen.status}`;
  if (seen.sequence < sequence) return `booking ${id} was moved ${sequence} times, now ${seen.sequence}`;
  if (seen.sequence === sequence && seen.slotId !== slotId) return `booking ${id} is on another slot`;
  return undefined;
}
