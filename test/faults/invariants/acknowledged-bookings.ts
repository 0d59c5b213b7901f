import type { Doctor } from "../doctor.ts";
import { type BookingHolder, contradiction, type ExpectedBooking } from "../expected-booking.ts";
import type { Registrar } from "../registrar.ts";
import type { Schemas } from "./schemas.ts";

interface Stored extends Pick<ExpectedBooking, "id" | "slotId" | "status" | "sequence"> {
  patientId: string;
  cancelledBy: "PATIENT" | "DOCTOR" | "ADMIN" | null;
  paymentStatus: string | null;
  consultation: string | null;
  /** Role that last changed the consultation's status, such as DOCTOR. */
  movedBy: string | null;
  hasBegun: number;
}

const STORED = `SELECT b.id, b.patient_id AS patientId, b.slot_id AS slotId, b.status, b.sequence,
    b.cancelled_by AS cancelledBy, p.status AS paymentStatus, c.status AS consultation, c.transitioned_by AS movedBy,
    c.started_time IS NOT NULL AS hasBegun
  FROM scheduling.bookings b LEFT JOIN billing.payments p ON p.booking_id = b.id
    LEFT JOIN clinical.consultations c ON c.id = b.consultation_id`;
/** Statuses that a payment may have after its authorization was acknowledged. */
const AFTER_AUTHORIZED = ["AUTHORIZED", "CAPTURED", "VOIDED", "REFUNDED", "PARTIALLY_REFUNDED"];
const ENDED = ["COMPLETED", "ABANDONED"];

/**
 * Compares the stored bookings with the acknowledged ones. Each acknowledged booking must exist in a legal
 * status. No other booking may exist. Each cancellation must have been requested.
 */
export async function unacknowledgedBookings(
  schemas: Schemas,
  bookingHolders: readonly BookingHolder[],
  doctors: readonly Doctor[],
  { revokesAsked }: Registrar,
): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const byId = new Map(stored.map((row) => [row.id, row]));
  const doctorsAsked = new Set(doctors.flatMap(({ cancelsAsked }) => [...cancelsAsked]));
  const movesAsked = new Map(doctors.flatMap((doctor) => [...doctor.movesAsked]));
  const wrong: string[] = [];
  for (const { id: patientId, expectedBookings, unsureSlots = new Set<string>() } of bookingHolders) {
    for (const expected of expectedBookings.values()) {
      const row = byId.get(expected.id);
      byId.delete(expected.id);
      if (row?.patientId !== patientId) wrong.push(`acknowledged booking ${expected.id} is lost`);
      else {
        const asked = new Set<string>([...(movesAsked.get(row.id) ?? []), ...unsureSlots]);
        wrong.push(
          ...differences(expected, row, asked),
          ...unasked(expected, row, doctorsAsked, revokesAsked),
        );
      }
    }
  }
  const unsure = new Map(bookingHolders.map(({ id, unsureSlots }) => [id, unsureSlots]));
  for (const { id, status, patientId, slotId } of byId.values()) {
    if (!unsure.get(patientId)?.has(slotId)) wrong.push(`booking ${id}, ${status}, was never acknowledged`);
  }
  return wrong;
}

function differences(expected: ExpectedBooking, row: Stored, movesAsked: ReadonlySet<string>): string[] {
  const wrong = contradiction(expected, row);
  const isPaymentLost = expected.paid && !AFTER_AUTHORIZED.includes(row.paymentStatus ?? "");
  return [
    ...(wrong ? [wrong] : []),
    ...(isPaymentLost ? [`acknowledged payment of ${expected.id} is ${row.paymentStatus}`] : []),
    ...(isWhereAsked(expected, row, movesAsked)
      ? []
      : [`booking ${expected.id} was rescheduled without a request`]),
  ];
}

/**
 * True if the booking has its acknowledged slot, or a slot to which somebody asked to reschedule it. If a
 * booking was rescheduled while its consultation started, the end of the consultation undoes the
 * rescheduling. This raises the booking's sequence once more.
 */
function isWhereAsked(expected: ExpectedBooking, row: Stored, movesAsked: ReadonlySet<string>): boolean {
  if (movesAsked.size > 0) return row.slotId === expected.slotId || movesAsked.has(row.slotId);
  const mayBeUndone = expected.sequence > 0 && row.hasBegun === 1 && ENDED.includes(row.consultation ?? "");
  const moves = row.sequence - expected.sequence;
  return row.slotId === expected.slotId && (moves === 0 || (mayBeUndone && moves === 1));
}

/**
 * Reports a cancelled booking if the person in `cancelledBy` did not ask for the cancellation. A doctor also
 * asks for it by abandoning the consultation, and an admin by revoking the doctor's licence.
 */
function unasked(
  expected: ExpectedBooking,
  row: Stored,
  doctorsAsked: ReadonlySet<string>,
  revokesAsked: ReadonlySet<string>,
): string[] {
  if (row.status !== "CANCELLED") return [];
  const isBrokenOff = row.consultation === "ABANDONED" && row.movedBy === "DOCTOR";
  const isAsked =
    (row.cancelledBy === "PATIENT" && expected.cancelAsked) ||
    (row.cancelledBy === "DOCTOR" && (doctorsAsked.has(row.id) || isBrokenOff)) ||
    (row.cancelledBy === "ADMIN" && revokesAsked.has(expected.doctorId));
  return isAsked ? [] : [`booking ${row.id} was cancelled by ${row.cancelledBy}, who had not requested it`];
}
