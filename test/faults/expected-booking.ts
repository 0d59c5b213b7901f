import type { Json } from "../support/api.ts";

export type Status = "PENDING_PAYMENT" | "CONFIRMED" | "EXPIRED" | "CANCELLED" | "COMPLETED" | "NO_SHOW";

/**
 * Reasons for which a booking may be refused. NOT_FOUND is expected while the slot's doctor has no verified
 * licence.
 */
export const BOOKING_REFUSALS = [
  "SLOT_UNAVAILABLE",
  "PATIENT_OVERLAP",
  "TOO_MANY_HOLDS",
  "TOO_MANY_BOOKINGS",
  "HOLD_COOLDOWN",
  "NOT_FOUND",
] as const;

/** State of a booking as the system last acknowledged it. The system must not lose this state. */
export interface ExpectedBooking {
  id: string;
  slotId: string;
  doctorId: string;
  paymentId: string | undefined;
  consultationId: string;
  status: Status;
  sequence: number;
  /** True once the patient has asked to cancel the booking, whether the call was acknowledged or not. */
  cancelAsked: boolean;
  /** True once the authorization of the payment was acknowledged. */
  paid: boolean;
  /** True once the patient has joined the waiting room. */
  joined: boolean;
  /**
   * True once an admin has closed the booking. If the consultation ended at the same time, its end replaces
   * the admin's closing.
   */
  isClosedByAdmin: boolean;
}

/** A patient with acknowledged bookings. */
export interface BookingHolder {
  id: string;
  token: string;
  /** Acknowledged bookings, by id. */
  expectedBookings: ReadonlyMap<string, ExpectedBooking>;
  /**
   * Slots for which a booking or rescheduling was refused, but may still happen: an earlier attempt of the
   * same call has no known outcome.
   */
  unsureSlots?: ReadonlySet<string>;
}

/** Statuses that a confirmed booking gets when its doctor ends the consultation. */
const OVER = ["COMPLETED", "NO_SHOW"] as const;

/**
 * Statuses that are legal after an admin has closed the booking. The end of its consultation may replace the
 * admin's closing.
 */
const AFTER_CLOSING: readonly Status[] = [...OVER, "CANCELLED"];

/** For each acknowledged status, the statuses that the booking may have when it is checked later. */
const LATER: Record<Status, readonly Status[]> = {
  PENDING_PAYMENT: ["PENDING_PAYMENT", "CONFIRMED", "EXPIRED", "CANCELLED", ...OVER],
  CONFIRMED: ["CONFIRMED", "CANCELLED", ...OVER],
  COMPLETED: ["COMPLETED"],
  NO_SHOW: ["NO_SHOW"],
  // A payment that arrives late can still confirm an expired booking.
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

/** Describes how a booking contradicts the acknowledged state. Undefined if it does not. */
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
