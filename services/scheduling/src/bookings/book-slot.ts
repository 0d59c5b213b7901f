import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Asked } from "@medconnect/platform/changes/group-commit.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { perApp } from "@medconnect/platform/memory/per-app.ts";
import type {
  Booking,
  CreateBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { guardPerson, type Person } from "../people/people-store.ts";
import { whyNotBookable } from "../slots/slot-rules.ts";
import { type SlotToBook, type Taken, takeSlots } from "../slots/slot-store.ts";
import { type BookingFacts, type BookingWish, lockForBooking } from "./book-slot-store.ts";
import { bookingEntry, reasonContext, toBookingWithoutTexts } from "./booking.ts";
import { assertCooledDown, cooldownEndOf, refusalOf } from "./booking-limits.ts";
import { type BookingRow, insertBookings, NOT_CLOSED } from "./booking-store.ts";
import { endHold } from "./expire-bookings.ts";

/**
 * BookingService.CreateBooking: a free slot is confirmed at once, a paid one held until `holdMs` from now.
 * Throws NOT_FOUND, SLOT_UNAVAILABLE, PATIENT_OVERLAP, NOT_LICENSED_IN_REGION, REGION_REQUIRED,
 * TOO_MANY_HOLDS, TOO_MANY_BOOKINGS, HOLD_COOLDOWN.
 */
export const bookSlot = (app: Scheduling, request: CreateBookingRequest, call: Call): Promise<Booking> =>
  bookings(app)(request, call);

/** Concurrent bookings share transactions. */
const bookings = perApp((app: Scheduling) =>
  app.calls.grouped<CreateBookingRequest, BookingFacts, Plan, Booking>({
    rowsOf: (asked) => [asked.request.slotId, patientOf(asked)],
    prepare: (tx, asked) => guardPerson(tx, patientOf(asked)),
    lock: (tx, asked, now) => lockForBooking(tx, asked.map(wishOf), app.jurisdiction, now),
    decide: (facts, asked, now) => decide(app, facts, asked, now),
    write,
  }),
);

type Asking = Asked<CreateBookingRequest>;

const patientOf = ({ call }: Asking): string => userOf(call).userId;

const wishOf = (asked: Asking): BookingWish => ({
  slotId: asked.request.slotId,
  patientId: patientOf(asked),
  statedRegion: asked.request.patientRegion,
});

/** A booking to make. */
interface Plan {
  booking: BookingRow;
  /** The patient's text, which the row holds sealed. */
  reason: string;
  statedRegion: string;
  /** The unpaid, ended hold that has the slot. It ends now, because this booking takes its slot. */
  endedHold: BookingRow | undefined;
}

function decide(app: Scheduling, facts: BookingFacts | undefined, { request }: Asking, now: Date): Plan {
  const { reason, patientRegion: statedRegion } = request;
  assertShown(facts);
  const { slot, patient, live, endedHold } = facts;
  const region = statedRegion || patient.region;
  if (region === "" && app.jurisdiction === "enforced") throw new ApiError("REGION_REQUIRED");
  const refusal = whyNotBookable(slot, now);
  if (refusal) throw new ApiError(refusal);
  assertCooledDown(cooldownEnd(facts), now);
  const isHold = slot.feeMinor > 0;
  const limited = refusalOf(live, app.bookingLimits, { isHold });
  if (limited) throw limited;
  if (patient.disabled) throw new ApiError("SLOT_UNAVAILABLE");
  const booking = { ...newBooking(slot, patient, now, app.holdMs), patientRegion: region };
  booking.reason = reason === "" ? null : app.cipher.encrypt(reasonContext(booking), reason);
  return { booking, reason, statedRegion, endedHold };
}

function write(tx: Transaction, plans: Plan[], now: Date) {
  const bookings = plans.map(({ booking }) => booking);
  takeSlots(tx, bookings.map(takenBy));
  const expired = plans.map(({ endedHold }) => (endedHold ? [endHold(tx, endedHold, now)] : []));
  insertBookings(tx, bookings);
  return plans.map(({ booking, reason, statedRegion }, i) => ({
    response: { ...toBookingWithoutTexts(booking, now), reason },
    entries: [
      bookingEntry(booking.status === "CONFIRMED" ? "confirmed" : "held", booking),
      ...regionEntry(booking, statedRegion),
      ...expired[i]!,
    ],
  }));
}

const takenBy = ({ id, slotId, holdExpireTime }: BookingRow): Taken => ({
  slotId,
  bookingId: id,
  holdExpireTime,
});

/** The audit entry for the source of a booking's region: the patient's statement, or the profile. */
function regionEntry({ id, patientId, patientRegion: region }: BookingRow, stated: string): AuditEntry[] {
  if (region === "") return [];
  const action = stated === "" ? "booking.region_from_profile" : "booking.state_region";
  return [{ action, resource: `bookings/${id}`, subjectIds: [patientId] }];
}

/** A slot without a practising doctor is refused like an unknown one, before any other check. */
function assertShown(facts: BookingFacts | undefined): asserts facts is BookingFacts {
  if (!facts || !isPractising(facts.slot, facts.slot.startTime)) throw new ApiError("NOT_FOUND");
}

/** A cooldown applies to the patient's ended hold, swept or not. */
function cooldownEnd({ endedHold, patient, cooldownEnd }: BookingFacts): Date | null {
  if (endedHold?.patientId !== patient.userId) return cooldownEnd;
  const { createTime, holdExpireTime } = endedHold;
  return cooldownEndOf({ createTime, holdExpireTime: holdExpireTime! }, holdExpireTime!);
}

function newBooking(slot: SlotToBook, patient: Person, now: Date, holdMs: number): BookingRow {
  const isFree = slot.feeMinor === 0;
  return {
    id: newId(),
    slotId: slot.id,
    doctorId: slot.doctorId,
    doctorName: slot.doctorName,
    patientId: patient.userId,
    patientName: patient.fullName,
    consultationId: newId(),
    paymentId: isFree ? null : newId(),
    status: isFree ? "CONFIRMED" : "PENDING_PAYMENT",
    startTime: slot.startTime,
    endTime: slot.endTime,
    feeCurrency: slot.feeCurrency,
    feeMinor: slot.feeMinor,
    reason: null,
    holdExpireTime: isFree ? null : endOfHold(slot, now, holdMs),
    sequence: 0,
    version: 1,
    createTime: now,
    started: 0,
    cancelTime: null,
    cancelledBy: null,
    cancelReason: null,
    feeDecision: null,
    movedBy: null,
    moveTime: null,
    previousStartTime: null,
    movePending: 0,
    patientRegion: "",
    ...NOT_CLOSED,
  };
}

/** A hold does not outlast the start: what is not paid by then does not take place. */
const endOfHold = (slot: SlotToBook, now: Date, holdMs: number): Date =>
  new Date(Math.min(now.getTime() + holdMs, slot.startTime.getTime()));
