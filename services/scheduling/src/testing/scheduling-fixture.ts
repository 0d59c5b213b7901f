import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { applyEvent } from "@medconnect/platform/inbox/event-handler.ts";
import type { EventRoutes } from "@medconnect/platform/outbox/event.ts";
import { doneOrWaiting, pausedBeforeCommit } from "@medconnect/platform/testing/interleaving.ts";
import {
  bound,
  invoke,
  startTestService,
  type TestService,
  userCaller,
} from "@medconnect/platform/testing/test-service.ts";
import type { BusinessClock } from "@medconnect/platform/time/clock.ts";
import type { FeeDecision } from "@medconnect/proto/medconnect/common/v1/fee_decision.ts";
import { type ConsultationState_Party, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import {
  type Booking,
  BookingServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import {
  CreateDoctorRequest,
  DoctorServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import {
  type License,
  LicenseServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { applyUserEvents } from "../accounts/apply-user-events.ts";
import type { Scheduling } from "../app.ts";
import { acceptBookingMove } from "../bookings/accept-move.ts";
import { applyConsultationEvent } from "../bookings/apply-consultation-events.ts";
import { applyPaymentAuthorized } from "../bookings/apply-payment-events.ts";
import { bookSlot } from "../bookings/book-slot.ts";
import type { CloseOutcome } from "../bookings/booking-rules.ts";
import { findBooking } from "../bookings/booking-store.ts";
import { cancelBooking } from "../bookings/cancel-booking.ts";
import { closeBooking } from "../bookings/close-booking.ts";
import { previewCancellation } from "../bookings/preview-cancellation.ts";
import { getBooking } from "../bookings/read-bookings.ts";
import { rescheduleBooking } from "../bookings/reschedule-booking.ts";
import { sweepBookingsOfPatients } from "../endings/end-bookings-of-patient.ts";
import { sweepUnlicensedBookings } from "../endings/end-unlicensed-bookings.ts";
import { sweepSlots } from "../endings/withdraw-slots.ts";
import { verifyLicense } from "../licenses/decide-license.ts";
import { createDoctor } from "../profiles/create-doctor.ts";
import { createSlot } from "../slot-changes/create-slots.ts";
import { getSlot } from "../slots/read-slots.ts";

export const MINUTE_MS = 60_000;
export const HOLD_MS = 15 * MINUTE_MS;
const CANCEL_CUTOFF_MS = 24 * 60 * MINUTE_MS;
export const BOOKING_LIMITS = { holds: 3, bookings: 10, bookingsPerDoctor: 3 };
/** Routes of the events that tests read from the outbox. Other events have no receiver. */
const ROUTES = {
  "booking.rescheduled": ["clinical"],
  "booking.move_accepted": ["clinical"],
  "booking.held": ["billing"],
  "booking.expired": ["billing"],
  "booking.closed": ["billing", "clinical"],
  "booking.fee_decided": ["billing"],
  "booking.payment_refused": ["billing"],
  "doctor.licensed": ["clinical"],
  "license.decided": ["auth"],
};

/** Type of a consultation's event. */
export type Course = Parameters<typeof applyConsultationEvent>[0];

type User = ReturnType<typeof userCaller>;

/** Outcome of a call: "ok", or the reason of its error. */
export const outcome = (result: PromiseSettledResult<unknown>): string =>
  result.status === "fulfilled" ? "ok" : (result.reason as { reason: string }).reason;

/**
 * Scheduling on its own database schema, with a doctor and a patient as callers. Tests can apply events of
 * other services.
 */
export class SchedulingFixture {
  readonly app: Scheduling & TestService;
  doctor: User = userCaller("DOCTOR");
  patient: User = userCaller("PATIENT");
  readonly admin: User = userCaller("ADMIN");

  private constructor(service: TestService) {
    this.app = {
      ...service,
      holdMs: HOLD_MS,
      jurisdiction: "off",
      cancelCutoffMs: CANCEL_CUTOFF_MS,
      bookingLimits: BOOKING_LIMITS,
      doctorMaxSlots: 0,
    };
  }

  static async open(routes: EventRoutes = ROUTES): Promise<SchedulingFixture> {
    return new SchedulingFixture(await startTestService("scheduling", routes));
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  /** Replaces doctor and patient by new accounts that scheduling does not know. */
  renewPeople(): void {
    this.doctor = userCaller("DOCTOR");
    this.patient = userCaller("PATIENT");
  }

  /** Returns the time `minutes` from now. */
  at(minutes: number): Date {
    return new Date(this.app.businessClock.now().getTime() + minutes * MINUTE_MS);
  }

  /** Creates the doctor's profile with a verified licence. @param amountMinor fee in cents */
  async createDoctor(
    amountMinor: number,
    profile: Partial<CreateDoctorRequest> = {},
    on: Scheduling = this.app,
  ): Promise<void> {
    const { id } = await this.claimLicense(amountMinor, profile, on);
    await this.verify(id);
  }

  /** Creates the doctor's profile. @returns its first licence, which is pending */
  async claimLicense(
    amountMinor: number,
    profile: Partial<CreateDoctorRequest> = {},
    on: Scheduling = this.app,
  ): Promise<License> {
    const request = CreateDoctorRequest.fromPartial({
      licenseNumber: `L${this.doctor.userId.slice(-12)}`,
      licenseRegion: "US-CA",
      specialty: "cardiology",
      fee: { currencyCode: "USD", amountMinor },
      ...profile,
    });
    const { createDoctor: method } = DoctorServiceService;
    const { response } = await invoke(method, bound(createDoctor, on), this.doctor, request);
    return response.licenses[0]!;
  }

  /**
   * Verifies a licence.
   *
   * @param doctorName name that the admin compared with the licence; default: the name of the doctor's
   *   account
   */
  async verify(licenseId: string, on: Scheduling = this.app, doctorName?: string): Promise<License> {
    const request = {
      licenseId,
      idempotencyKey: "",
      doctorName: doctorName ?? (await this.#accountName(licenseId)),
    };
    const { verifyLicense: method } = LicenseServiceService;
    return (await invoke(method, bound(verifyLicense, on), this.admin, request)).response;
  }

  /**
   * Finds the account name of a licence's doctor. If no event about the account was applied yet, applies one
   * first.
   */
  async #accountName(licenseId: string): Promise<string> {
    const [found] = await this.app.db.read<{ userId: string; name: string | null }>(
      `SELECT l.doctor_id AS userId, p.full_name AS name FROM licenses l LEFT JOIN people p ON p.user_id = l.doctor_id
       WHERE l.id = ?`,
      [binaryId(licenseId)],
    );
    if (found!.name) return found!.name;
    await this.accountEvent(found!);
    return await this.#accountName(licenseId);
  }

  async createSlot(startMinutes: number, length = 30, on: Scheduling = this.app) {
    const { response } = await invoke(SlotServiceService.createSlot, bound(createSlot, on), this.doctor, {
      doctorId: this.doctor.userId,
      startTime: this.at(startMinutes),
      endTime: this.at(startMinutes + length),
      idempotencyKey: "",
    });
    return response;
  }

  async slotStatus(slotId: string) {
    const { response } = await invoke(SlotServiceService.getSlot, bound(getSlot, this.app), this.doctor, {
      slotId,
      region: "",
    });
    return response.status;
  }

  async book(
    slotId: string,
    by: Caller = this.patient,
    idempotencyKey: string = newId(),
    on: Scheduling = this.app,
    reason = "headache",
  ) {
    const request = { slotId, reason, idempotencyKey, patientRegion: "" };
    return await invoke(BookingServiceService.createBooking, bound(bookSlot, on), by, request);
  }

  async read(bookingId: string, by: Caller = this.patient) {
    const { getBooking: method } = BookingServiceService;
    return (await invoke(method, bound(getBooking, this.app), by, { bookingId })).response;
  }

  async cancel(
    bookingId: string,
    by: Caller,
    on: Scheduling = this.app,
    reason = "flu",
    idempotencyKey = "",
  ) {
    const request = { bookingId, reason, idempotencyKey };
    return await invoke(BookingServiceService.cancelBooking, bound(cancelBooking, on), by, request);
  }

  async closeBooking(
    bookingId: string,
    outcome: CloseOutcome,
    feeDecision: FeeDecision = "RELEASE",
    by: Caller = this.admin,
    idempotencyKey = "",
  ) {
    const request = { bookingId, outcome, feeDecision, reason: "Nobody said", idempotencyKey };
    const { closeBooking: method } = BookingServiceService;
    return (await invoke(method, bound(closeBooking, this.app), by, request)).response;
  }

  async preview(bookingId: string, by: Caller) {
    const { previewCancellation: method } = BookingServiceService;
    return (await invoke(method, bound(previewCancellation, this.app), by, { bookingId })).response;
  }

  async accept(
    { id: bookingId, startTime, endTime }: Pick<Booking, "id" | "startTime" | "endTime">,
    by: Caller = this.patient,
    idempotencyKey = "",
  ) {
    const request = { bookingId, startTime, endTime, idempotencyKey };
    const { acceptMove: method } = BookingServiceService;
    return (await invoke(method, bound(acceptBookingMove, this.app), by, request)).response;
  }

  async reschedule(
    bookingId: string,
    slotId: string,
    by: Caller = this.patient,
    idempotencyKey = "",
    on: Scheduling = this.app,
  ) {
    const request = { bookingId, slotId, idempotencyKey };
    return await invoke(BookingServiceService.rescheduleBooking, bound(rescheduleBooking, on), by, request);
  }

  /** Applies the event payment.authorized, as if billing had sent it, to a booking. */
  async paymentAuthorized(bookingId: string, on: Scheduling = this.app): Promise<void> {
    const payment = { bookingId, authorizeTime: this.at(0) };
    const { paymentId: aggregateId } = (await findBooking(on.db, bookingId))!;
    const event = Event.fromPartial({
      aggregateId: aggregateId!,
      version: 1,
      state: { $case: "payment", value: payment },
    });
    await on.transactions.run("service:billing", (tx) =>
      applyEvent(tx, applyPaymentAuthorized(on), event, on.businessClock),
    );
  }

  /**
   * Applies an event about a booking's consultation, as if clinical had sent it. The event has the booking's
   * times.
   */
  async consultationEvent(
    type: Course,
    { id: bookingId, consultationId: aggregateId, startTime, endTime }: Booking,
    noShowParty: ConsultationState_Party = "PARTY_UNSPECIFIED",
    lateParty: ConsultationState_Party = "PARTY_UNSPECIFIED",
  ): Promise<void> {
    const consultation = { bookingId, startTime, endTime, noShowParty, lateParty };
    const event = Event.fromPartial({
      type,
      aggregateId,
      version: 2,
      state: { $case: "consultation", value: consultation },
    });
    const { transactions, businessClock } = this.app;
    await transactions.run("service:clinical", (tx) =>
      applyEvent(tx, applyConsultationEvent(type), event, businessClock),
    );
  }

  /** Applies an event about an account, as if auth had sent it: created, renamed, disabled or enabled. */
  async accountEvent(
    { userId: aggregateId }: Pick<User, "userId">,
    { fullName = "Gregory", disabled = false, role = "DOCTOR" as "DOCTOR" | "PATIENT" } = {},
    on: Scheduling = this.app,
  ): Promise<void> {
    const user = { fullName, role, disabled };
    const event = Event.fromPartial({ aggregateId, version: 1, state: { $case: "user", value: user } });
    await on.transactions.run("service:auth", (tx) =>
      applyEvent(tx, applyUserEvents(on), event, on.businessClock),
    );
  }

  /** Types of a booking's events in the outbox, oldest first. */
  async outboxTypes(aggregateId: string): Promise<string[]> {
    const sql = "SELECT type FROM outbox WHERE aggregateid = ? ORDER BY id";
    return (await this.app.db.read<{ type: string }>(sql, [aggregateId])).map((row) => row.type);
  }

  /** Counts the reads of bookings by a user in the audit log. */
  async readsBy({ userId }: User): Promise<number> {
    const sql = "SELECT id FROM audit_events WHERE action = 'booking.get' AND actor_id = ?";
    return (await this.app.db.read(sql, [userId])).length;
  }

  /**
   * Runs the sweeps that end bookings and slots of disabled accounts, and bookings whose doctor lacks the
   * licence.
   */
  async sweepEndings(): Promise<void> {
    await sweepUnlicensedBookings(this.app)();
    await sweepBookingsOfPatients(this.app)();
    await sweepSlots(this.app)();
  }

  /** Runs a change up to its commit, and commits it only when the test calls `commit`. */
  pausedBeforeCommit(
    change: (app: Scheduling) => Promise<unknown>,
    businessClock: BusinessClock = this.app.businessClock,
  ) {
    return pausedBeforeCommit({ ...this.app, businessClock }, ROUTES, change);
  }

  /** Resolves when `done` is settled or a statement waits for a lock. */
  async doneOrWaiting(done: Promise<unknown>): Promise<void> {
    await doneOrWaiting(this.app.db, done);
  }
}
