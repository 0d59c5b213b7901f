import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Asked } from "@medconnect/platform/changes/group-commit.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { perApp } from "@medconnect/platform/memory/per-app.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import type {
  Booking,
  CreateBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { type BookingRow, bookingEntry, reasonContext, toBookingWithoutTexts } from "./booking.ts";
import { creationCounts } from "./booking-figures.ts";
import { claimRefusal, cooldownEndAfter, newBooking } from "./claim-rules.ts";
import { type LockedWish, lockWishes, saveNewBookings, type Wish } from "./claim-store.ts";
import { endHold } from "./expire-bookings.ts";

/**
 * BookingService.CreateBooking: confirms a free slot at once, and holds a paid one. Throws NOT_FOUND,
 * SLOT_UNAVAILABLE, PATIENT_OVERLAP, NOT_LICENSED_IN_REGION, REGION_REQUIRED, TOO_MANY_HOLDS,
 * TOO_MANY_BOOKINGS, HOLD_COOLDOWN.
 */
export const bookSlot = (app: Scheduling, request: CreateBookingRequest, call: Call): Promise<Booking> =>
  bookings(app)(request, call);

/** Groups concurrent bookings into shared transactions. */
const bookings = perApp((app: Scheduling) =>
  app.calls.grouped<CreateBookingRequest, LockedWish, Plan, Booking>({
    rowsOf: (asked) => [asked.request.slotId, patientOf(asked)],
    lock: (tx, asked, now, isShared) =>
      lockWishes(
        tx,
        asked.map((one) => wishOf(app, one)),
        now,
        !isShared,
      ),
    decide: (wish, asked, now) => decide(app, wish, asked, now),
    write,
  }),
);

type Asking = Asked<CreateBookingRequest>;

const patientOf = ({ call }: Asking): string => userOf(call).userId;

const wishOf = ({ jurisdiction }: Scheduling, asked: Asking): Wish => ({
  slotId: asked.request.slotId,
  patientId: patientOf(asked),
  region: jurisdiction === "enforced" ? asked.request.patientRegion : undefined,
});

/** A booking to write. */
interface Plan {
  booking: BookingRow;
  /** The patient's plain text; `booking` has it encrypted. */
  reason: string;
  /** Region in the request; empty: the region of the patient's profile applies. */
  statedRegion: string;
  /**
   * Unpaid booking that still has the slot although its hold has ended. This transaction expires it, because
   * a slot can have only one live booking.
   */
  endedHold: BookingRow | undefined;
}

function decide(app: Scheduling, wish: LockedWish | undefined, { request }: Asking, now: Date): Plan {
  if (!wish) throw new ApiError("NOT_FOUND");
  const { slot, patient, endedHold } = wish;
  const { reason, patientRegion: statedRegion } = request;
  const patientRegion = statedRegion || patient.region;
  const cooldownEnd = cooldownEndAfter(endedHold, patient.userId) ?? wish.cooldownEnd;
  const isHold = slot.feeMinor > 0;
  const refusal = claimRefusal({ ...wish, cooldownEnd, patientRegion }, app.bookingLimits, { isHold }, now);
  if (refusal) throw refusal;
  const ids = { id: newId(), consultationId: newId(), paymentId: newId() };
  const booking = newBooking(slot, { ids, patient, patientRegion, holdMs: app.holdMs }, now);
  booking.reason = reason === "" ? null : app.cipher.encrypt(reasonContext(booking), reason);
  return { booking, reason, statedRegion, endedHold };
}

function write(tx: Transaction, plans: Plan[], now: Date) {
  // Ended holds are saved before the new bookings, because a unique index allows one live booking per slot.
  const expired = plans.map(({ endedHold }) => (endedHold ? [endHold(tx, endedHold, now)] : []));
  saveNewBookings(
    tx,
    plans.map(({ booking }) => booking),
  );
  count(
    tx,
    plans.flatMap(({ booking }) => creationCounts(booking, now)),
  );
  return plans.map(({ booking, reason, statedRegion }, i) => ({
    response: { ...toBookingWithoutTexts(booking, now), reason },
    entries: [
      bookingEntry(booking.status === "CONFIRMED" ? "confirmed" : "held", booking),
      ...regionEntry(booking, statedRegion),
      ...(expired[i] ?? []),
    ],
  }));
}

/**
 * Audit entry that tells whether a booking's region comes from the request or from the patient's profile.
 */
function regionEntry({ id, patientId, patientRegion }: BookingRow, statedRegion: string): AuditEntry[] {
  if (patientRegion === "") return [];
  const action = statedRegion === "" ? "booking.region_from_profile" : "booking.state_region";
  return [{ action, resource: `bookings/${id}`, subjectIds: [patientId] }];
}
