import type { Doctor } from "../doctor.ts";
import { type Believer, contradiction, type ExpectedBooking } from "../expected-booking.ts";
import type { Registrar } from "../registrar.ts";
import type { Schemas } from "./schemas.ts";

interface Stored extends Pick<ExpectedBooking, "id" | "slotId" | "status" | "sequence"> {
  patientId: string;
  cancelledBy: "PATIENT" | "DOCTOR" | "ADMIN" | null;
  paymentStatus: string | null;
  consultation: string | null;
  /** The party that brought the consultation to its status. */
  movedBy: string | null;
  hasBegun: number;
}

const STORED = `SELECT b.id, b.patient_id AS patientId, b.slot_id AS slotId, b.status, b.sequence,
    b.cancelled_by AS cancelledBy, p.status AS paymentStatus, c.status AS consultation, c.transitioned_by AS movedBy,
    c.started_time IS NOT NULL AS hasBegun
  FROM scheduling.bookings b LEFT JOIN billing.payments p ON p.booking_id = b.id
    LEFT JOIN clinical.consultations c ON c.id = b.consultation_id`;
/** Statuses of a payment after an acknowledged authorization. */
const AFTER_AUTHORIZED = ["AUTHORIZED", "CAPTURED", "VOIDED", "REFUNDED", "PARTIALLY_REFUNDED"];
const ENDED = ["COMPLETED", "ABANDONED"];

/**
 * Whether what is stored is what was acknowledged: every booking once, as it was or as it may be by now, none that
 * nobody was told of, as every call was asked again until it was decided, and none cancelled that nobody asked for.
 */
export async function unacknowledgedBookings(
  schemas: Schemas,
  believers: readonly Believer[],
  doctors: readonly Doctor[],
  { revokesAsked }: Registrar,
): Promise<string[]> {
  const stored = (await schemas.rows(STORED)) as unknown as Stored[];
  const byId = new Map(stored.map((row) => [row.id, row]));
  const doctorsAsked = new Set(doctors.flatMap(({ cancelsAsked }) => [...cancelsAsked]));
  const movesAsked = new Map(doctors.flatMap((doctor) => [...doctor.movesAsked]));
  const wrong: string[] = [];
  for (const { id: patientId, beliefs, unsureSlots = new Set<string>() } of believers) {
    for (const belief of beliefs.values()) {
      const row = byId.get(belief.id);
      byId.delete(belief.id);
      if (row?.patientId !== patientId) wrong.push(`acknowledged booking ${belief.id} is lost`);
      else {
        const asked = new Set<string>([...(movesAsked.get(row.id) ?? []), ...unsureSlots]);
        wrong.push(...differences(belief, row, asked), ...unasked(belief, row, doctorsAsked, revokesAsked));
      }
    }
  }
  const unsure = new Map(believers.map(({ id, unsureSlots }) => [id, unsureSlots]));
  for (const { id, status, patientId, slotId } of byId.values()) {
    if (!unsure.get(patientId)?.has(slotId))
      wrong.push(`nobody was told of booking ${id}, which is ${status}`);
  }
  return wrong;
}

function differences(belief: ExpectedBooking, row: Stored, movesAsked: ReadonlySet<string>): string[] {
  const wrong = contradiction(belief, row);
  const isPaymentLost = belief.paid && !AFTER_AUTHORIZED.includes(row.paymentStatus ?? "");
  return [
    ...(wrong ? [wrong] : []),
    ...(isPaymentLost ? [`acknowledged payment of ${belief.id} is ${row.paymentStatus}`] : []),
    ...(isWhereAsked(belief, row, movesAsked)
      ? []
      : [`booking ${belief.id} was moved although nobody asked for it`]),
  ];
}

/**
 * Every move is decided by now. A move that crossed the start of the consultation is undone at its end. A doctor may have
 * moved the booking before and after the patient's move.
 */
function isWhereAsked(belief: ExpectedBooking, row: Stored, movesAsked: ReadonlySet<string>): boolean {
  if (movesAsked.size > 0) return row.slotId === belief.slotId || movesAsked.has(row.slotId);
  const mayBeUndone = belief.sequence > 0 && row.hasBegun === 1 && ENDED.includes(row.consultation ?? "");
  const moves = row.sequence - belief.sequence;
  return row.slotId === belief.slotId && (moves === 0 || (mayBeUndone && moves === 1));
}

/**
 * True if a booking is cancelled without a reason. Its doctor may also have broken off the consultation or lost the licence.
 */
function unasked(
  belief: ExpectedBooking,
  row: Stored,
  doctorsAsked: ReadonlySet<string>,
  revokesAsked: ReadonlySet<string>,
): string[] {
  if (row.status !== "CANCELLED") return [];
  const isBrokenOff = row.consultation === "ABANDONED" && row.movedBy === "DOCTOR";
  const isAsked =
    (row.cancelledBy === "PATIENT" && belief.cancelAsked) ||
    (row.cancelledBy === "DOCTOR" && (doctorsAsked.has(row.id) || isBrokenOff)) ||
    (row.cancelledBy === "ADMIN" && revokesAsked.has(belief.doctorId));
  return isAsked ? [] : [`booking ${row.id} was cancelled by ${row.cancelledBy}, who had not asked for it`];
}
