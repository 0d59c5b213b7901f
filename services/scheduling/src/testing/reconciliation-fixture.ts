import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startTestService, type TestService } from "@medconnect/platform/testing/test-service.ts";
import { PaymentSnapshot } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { ConsultationSnapshot } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { EVENT_ROUTES, type Scheduling } from "../app.ts";
import type { BookingRow } from "../bookings/booking.ts";
import { findBooking } from "../bookings/booking-store.ts";
import { NO_LIMITS, newBooking } from "../bookings/claim-rules.ts";
import { insertBookings } from "../bookings/claim-store.ts";
import { type ReconcileOptions, reconcileBookings } from "../reconciliation/reconcile-bookings.ts";
import type { Snapshots } from "../reconciliation/snapshots.ts";
import { insertSlots } from "../slots/new-slot-store.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
const FEE = { currencyCode: "USD", amountMinor: 5000 };
const HOLD_MS = 15 * MINUTE_MS;

const LICENSED_DOCTOR = `INSERT IGNORE INTO doctors (id, display_name, specialty, bio, languages, time_zone, fee_minor,
    hidden, version, create_time, licensed_until)
  VALUES (?, 'Dora', 'Cardiology', '', '[]', 'UTC', 0, FALSE, 1, ?, '9999-12-31')`;

/**
 * Scheduling on its own database schema. Tests set the snapshots of payments and consultations, with which
 * reconciliation compares the bookings.
 */
export class ReconciliationFixture {
  readonly service: TestService;
  readonly app: Scheduling;
  payments = new Map<string, PaymentSnapshot>();
  consultations = new Map<string, ConsultationSnapshot>();
  /** Called while the snapshots are read, so that a test can change something at that moment. */
  whileReading: () => Promise<void> = async () => {};
  readonly snapshots: Snapshots = {
    payments: async (ids) => only(this.payments, ids),
    consultations: async (ids) => {
      await this.whileReading();
      return only(this.consultations, ids);
    },
  };

  private constructor(service: TestService) {
    this.service = service;
    this.app = {
      ...service,
      holdMs: HOLD_MS,
      jurisdiction: "off",
      cancelCutoffMs: 24 * HOUR_MS,
      bookingLimits: NO_LIMITS,
      doctorMaxSlots: 0,
    };
  }

  static async open(): Promise<ReconciliationFixture> {
    return new ReconciliationFixture(await startTestService("scheduling", EVENT_ROUTES));
  }

  async close(): Promise<void> {
    await this.service.close();
  }

  /**
   * Forgets the snapshots, and advances the clock by a day, so that bookings of earlier tests are not
   * compared.
   */
  reset(): void {
    this.payments = new Map();
    this.consultations = new Map();
    this.whileReading = async () => {};
    this.service.clock.advance(24 * HOUR_MS);
  }

  fromNow(ms: number): Date {
    return new Date(this.service.clock.now().getTime() + ms);
  }

  /**
   * Inserts a booking for tomorrow, and its slot. The outbox has no event of the booking, as if all events
   * had been delivered.
   */
  async insertBooking(status: BookingRow["status"], more: Partial<BookingRow> = {}): Promise<BookingRow> {
    const [startTime, endTime] = [this.fromNow(24 * HOUR_MS), this.fromNow(24 * HOUR_MS + 30 * MINUTE_MS)];
    const slot = { id: newId(), doctorId: newId(), startTime, endTime };
    const slotRow = {
      ...slot,
      doctorName: "Dora",
      status: "OPEN",
      feeCurrency: FEE.currencyCode,
      feeMinor: FEE.amountMinor,
      bookingId: null,
      holdExpireTime: null,
      onRelease: "OPEN",
      hidden: false,
      licensedUntil: null,
      minimumNotice: 0,
      isLimited: false,
    } as const;
    const created = newBooking(
      slotRow,
      {
        ids: { id: newId(), consultationId: newId(), paymentId: newId() },
        patient: { userId: newId(), fullName: "" },
        patientRegion: "",
        holdMs: HOLD_MS,
      },
      this.service.clock.now(),
    );
    const row: BookingRow = { ...created, status, ...more };
    await this.app.db.transaction(async (tx) => {
      tx.defer(LICENSED_DOCTOR, [binaryId(row.doctorId), this.service.clock.now()]);
      insertSlots(tx, [{ slot: { ...slot, status: "OPEN", fee: FEE }, day: "2030-01-01" }]);
      insertBookings(tx, [row]);
    });
    return row;
  }

  /** Sets the snapshot of a booking's payment, by default an authorized payment. */
  pay({ id, paymentId, consultationId }: BookingRow, more: Partial<PaymentSnapshot> = {}): void {
    this.payments.set(
      paymentId!,
      PaymentSnapshot.fromPartial({
        paymentId: paymentId!,
        bookingId: id,
        consultationId,
        status: "AUTHORIZED",
        amount: FEE,
        version: 3,
        ...more,
      }),
    );
  }

  /** Sets the snapshot of a booking's consultation, by default scheduled at the booking's times. */
  meet(row: BookingRow, more: Partial<ConsultationSnapshot> = {}): void {
    this.consultations.set(
      row.consultationId,
      ConsultationSnapshot.fromPartial({
        consultationId: row.consultationId,
        bookingId: row.id,
        paymentId: row.paymentId ?? undefined,
        status: "SCHEDULED",
        startTime: row.startTime,
        endTime: row.endTime,
        version: 1,
        ...more,
      }),
    );
  }

  reconcile(mode: ReconcileOptions["mode"] = "REPAIR") {
    const range = { from: this.fromNow(-HOUR_MS), to: this.fromNow(MINUTE_MS) };
    return reconcileBookings(this.app, this.snapshots, { ...range, mode });
  }

  async outboxOf({ id }: BookingRow) {
    const rows = await this.app.db.read<{ payload: Buffer; destination: string }>(
      "SELECT payload, destination FROM outbox WHERE aggregateid = ? ORDER BY id",
      [id],
    );
    return rows.map(({ payload, destination }) => ({ destination, event: Event.decode(payload) }));
  }

  /** Audit entries of a booking, as "action by actor". */
  async auditOf({ id }: BookingRow): Promise<string[]> {
    const rows = await this.app.db.read<{ action: string; actorId: string }>(
      "SELECT action, actor_id AS actorId FROM audit_events WHERE resource = ? ORDER BY id",
      [`bookings/${id}`],
    );
    return rows.map(({ action, actorId }) => `${action} by ${actorId}`);
  }

  async versionOf({ id }: BookingRow): Promise<number> {
    return (await findBooking(this.app.db, id))!.version;
  }
}

const only = <T>(all: Map<string, T>, ids: string[]) => new Map([...all].filter(([id]) => ids.includes(id)));
